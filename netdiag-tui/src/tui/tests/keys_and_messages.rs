//! Keys and messages in, state and effects out.

use super::*;
use crate::tui::app::{Mode, Screen};
use crate::tui::theme::Mark;
use crate::tui::view;

/// Mark and destination of each row of the Routes screen.
fn routes(bench: &Bench) -> Vec<String> {
    let app = &bench.app;
    let rows = (0..app.routes.len()).filter_map(|at| app.routes.get(at, app.marks()));
    rows.map(|row| {
        let mark = view::mark_of(app, row).map_or(' ', Mark::glyph);
        format!("{mark} {}", row.route().destination)
    })
    .collect()
}

use routes as routes_of;

fn marked(bench: &Bench) -> Vec<String> {
    routes(bench).into_iter().filter(|row| !row.starts_with(' ')).collect()
}

#[test]
fn a_connected_vpn_shows_as_added_and_changed_rows() {
    let mut bench = Bench::new(laptop());
    assert_eq!(marked(&bench), Vec::<String>::new());
    bench.becomes(connected());
    assert_eq!(
        marked(&bench),
        ["+ 0.0.0.0/1", "+ 128.0.0.0/1", "~ 192.0.2.0/24", "+ 198.51.100.0/24", "+ 203.0.113.7/32"]
    );
}

#[test]
fn after_the_disconnect_what_is_left_differs_and_what_passed_is_still_told() {
    let bench = after_disconnect();
    assert_eq!(marked(&bench), ["x 0.0.0.0/1", "x 128.0.0.0/1", "x 198.51.100.0/24", "+ 203.0.113.7/32"]);
    let counts = bench.app.marks().unwrap().counts(Screen::Links);
    assert_eq!((counts.added, counts.removed, counts.came_and_went), (0, 0, 2), "tun0 and its address");
}

#[test]
fn a_removed_row_stays_where_it_was_and_knows_when_and_why_it_went() {
    let mut bench = Bench::new(connected());
    bench.becomes(leftover());
    assert_eq!(marked(&bench), ["- 0.0.0.0/1", "- 128.0.0.0/1", "~ 192.0.2.0/24", "- 198.51.100.0/24"]);
    let gone = &bench.app.marks().unwrap().gone_routes[0];
    assert_eq!((gone.mark, gone.came, gone.went), (Mark::Removed, None, Some(at("12:18:40"))));
}

#[test]
fn a_baseline_makes_what_is_seen_the_state_to_compare_with() {
    let mut bench = Bench::new(laptop());
    bench.becomes(connected());
    bench.keys("b");
    assert_eq!(marked(&bench), Vec::<String>::new());
    bench.becomes(leftover());
    assert_eq!(marked(&bench), ["- 0.0.0.0/1", "- 128.0.0.0/1", "~ 192.0.2.0/24", "- 198.51.100.0/24"]);
}

#[test]
fn a_row_that_changed_on_its_way_comes_and_goes_once() {
    let with = |mtu: Option<u32>, time: &str| {
        let mut routes = laptop_routes();
        routes.push(route("203.0.113.0/24", Some("192.0.2.9"), 2, |a| a.mtu = mtu));
        laptop().to_builder().taken_at(at(time)).routes(routes).build()
    };
    let mut bench = Bench::new(laptop());
    bench.becomes(with(None, "12:02:00"));
    bench.becomes(with(Some(1400), "12:03:00"));
    assert_eq!(marked(&bench), ["+ 203.0.113.0/24"]);
    bench.becomes(laptop().to_builder().taken_at(at("12:04:00")).build());
    assert_eq!(marked(&bench), ["x 203.0.113.0/24"]);
    let gone = &bench.app.marks().unwrap().gone_routes[0];
    assert_eq!((gone.came, gone.went), (Some(at("12:02:00")), Some(at("12:04:00"))));
    assert_eq!(gone.row.mtu, Some(1400));
}

#[test]
fn only_changes_hides_the_rest_and_gives_it_back() {
    let mut bench = after_disconnect();
    let all = routes(&bench).len();
    bench.keys("o");
    assert_eq!(routes(&bench), marked(&bench));
    assert_eq!(routes(&bench).len(), 4);
    bench.keys("o");
    assert_eq!(routes(&bench).len(), all);
    bench.keys("d");
    assert_eq!(marked(&bench), Vec::<String>::new(), "no marks and no gone rows without differences");
}

#[test]
fn a_frozen_picture_stays_while_watching_goes_on() {
    let mut bench = Bench::new(laptop());
    bench.keys(" ");
    bench.becomes(connected());
    assert_eq!(marked(&bench), Vec::<String>::new());
    let (since, new) = bench.app.frozen().unwrap();
    assert_eq!(since, at("12:01:07"));
    assert_eq!(new, bench.events);
    bench.keys(" ");
    assert_eq!(marked(&bench).len(), 5);
    assert!(bench.app.frozen().is_none());
}

#[test]
fn a_filter_applies_while_it_is_typed_and_esc_brings_the_last_one_back() {
    let mut bench = Bench::new(connected());
    let all = routes(&bench).len();
    bench.keys("/dev:tun0");
    assert_eq!(routes(&bench).len(), 3);
    bench.keys("\n");
    assert!(matches!(bench.app.mode, Mode::Lists));
    bench.keys("/ q");
    assert_eq!(routes(&bench).len(), 0, "q is typed, it does not quit");
    bench.keys("\x1b");
    assert_eq!(routes(&bench).len(), 3);
    bench.keys("\x1b");
    assert_eq!(routes(&bench).len(), all);
}

#[test]
fn a_filter_with_an_error_keeps_the_last_good_one() {
    let mut bench = Bench::new(connected());
    bench.keys("/dev:tun0 proto:");
    let Mode::FilterLine { error, .. } = &bench.app.mode else { panic!("the filter line is open") };
    assert!(error.is_some());
    assert_eq!(routes(&bench).len(), 3);
}

#[test]
fn a_filter_on_shared_attributes_still_tells_families_apart() {
    // `::/0` and `0.0.0.0/0` of one attribute set: only the family differs.
    let shared = route("0.0.0.0/0", None, 2, |_| {}).attributes;
    let routes = ["0.0.0.0/0", "::/0"]
        .map(|destination| Route::new(destination.parse().unwrap(), Arc::clone(&shared)));
    let mut bench = Bench::new(laptop().to_builder().routes(routes.to_vec()).build());
    bench.keys("/family:6\n");
    assert_eq!(routes_of(&bench), ["  ::/0"]);
    bench.keys("/ dev:wlan0 dst:::/0\n");
    assert_eq!(routes_of(&bench), ["  ::/0"]);
    bench.keys("\x1b/dst:0.0.0.0/0\n");
    assert_eq!(routes_of(&bench), ["  0.0.0.0/0"], "the destination counts where it is asked for");
}

#[test]
fn a_filter_finds_what_came_and_went() {
    let mut bench = after_disconnect();
    bench.keys("/chg:x\n");
    assert_eq!(routes(&bench), ["x 0.0.0.0/1", "x 128.0.0.0/1", "x 198.51.100.0/24"]);
}

#[test]
fn sorting_goes_through_the_columns_and_can_be_turned_round() {
    let mut bench = Bench::new(connected());
    bench.keys("s");
    let sorted = routes(&bench);
    assert_eq!((&*sorted[0], &*sorted[1]), ("  0.0.0.0/0", "  0.0.0.0/1"));
    bench.keys("S");
    let mut reversed = sorted.clone();
    reversed.reverse();
    assert_eq!(routes(&bench), reversed);
    bench.keys("Sssss");
    let first = bench.app.routes.get(0, None).unwrap().route();
    assert_eq!(first.protocol, RouteProtocol::BOOT, "by the protocol's name");
    bench.keys("s");
    assert_eq!(routes(&bench), routes(&Bench::new(connected())));
}

#[test]
fn main_comes_first_and_local_last() {
    let bench = Bench::new(laptop());
    assert_eq!(
        routes(&bench),
        [
            "  0.0.0.0/0",
            "  192.0.2.0/24",
            "  ::/0",
            "  2001:db8:1::/64",
            "  fe80::/64",
            "  127.0.0.0/8",
            "  192.0.2.23/32"
        ]
    );
}

#[test]
fn the_cursor_stays_on_its_route_when_rows_appear_above() {
    let mut bench = Bench::new(laptop());
    bench.keys("j");
    bench.becomes(connected());
    bench.becomes(leftover());
    let selected = bench.app.cursor().selected;
    assert_eq!(routes(&bench)[selected], "  192.0.2.0/24");
}

#[test]
fn the_cursor_never_leaves_the_list() {
    let mut bench = Bench::new(laptop());
    bench.keys("k");
    assert_eq!(bench.app.cursor().selected, 0);
    bench.keys("Gj");
    assert_eq!(bench.app.cursor().selected, 6);
    bench.keys("/dev:nothing\n");
    assert_eq!(bench.app.cursor().selected, 0);
    bench.keys("j\n");
    assert!(matches!(bench.app.mode, Mode::Lists), "there is no row to open");
}

#[test]
fn the_list_scrolls_with_the_cursor_on_a_low_screen() {
    let mut bench = Bench::new(connected());
    bench.resize((40, 10));
    bench.keys("G");
    let cursor = bench.app.cursor();
    let height = view::list_height(&bench.app);
    assert_eq!(cursor.selected + 1, cursor.offset + height);
    bench.keys("g");
    assert_eq!(bench.app.cursor().offset, 0);
}

#[test]
fn quit_suspend_and_signals_are_effects() {
    let mut bench = Bench::new(laptop());
    assert_eq!(bench.keys("q"), [Effect::Quit]);
    let ctrl = |letter| Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
    assert_eq!(bench.send(ctrl('c')), [Effect::Quit]);
    assert_eq!(bench.send(ctrl('z')), [Effect::Suspend]);
    assert_eq!(bench.send(Msg::QuitAsked), [Effect::Quit]);
    assert_eq!(bench.send(Msg::SuspendAsked), [Effect::Suspend]);
    assert_eq!(Bench::empty().keys("q"), [Effect::Quit], "also before the first state");
}

#[test]
fn copy_hands_over_the_row_in_the_words_of_ip() {
    let mut bench = Bench::new(laptop());
    assert_eq!(
        bench.keys("y"),
        [Effect::Copy("0.0.0.0/0 via 192.0.2.1 dev wlan0 proto dhcp metric 600".into())]
    );
    bench.keys("4");
    assert_eq!(bench.keys("y"), [], "there is no event to copy");
}

#[test]
fn a_stored_state_is_not_frozen_nor_read_again() {
    let mut bench = Bench::empty();
    bench.app.source = Source::Stored("before.json".into());
    bench.send(Msg::Ready(Arc::new(laptop())));
    assert_eq!(bench.keys(" r"), []);
    assert!(bench.app.frozen().is_none());
    assert_eq!(bench.app.seconds_until_due(), None);
}

#[test]
fn lifetimes_wake_the_screen_only_where_they_are_shown() {
    let mut bench = Bench::new(laptop());
    assert_eq!(bench.app.seconds_until_due(), None);
    bench.keys("2");
    // 4320 s = 1h 12m: it reads 1h 11m one second later.
    assert_eq!(bench.app.seconds_until_due(), Some(1));
    bench.app.now = at("12:01:08");
    assert_eq!(bench.app.seconds_until_due(), Some(40), "76000 s is 21h 06m for 40 s");
    bench.keys(" ");
    assert_eq!(bench.app.seconds_until_due(), None);
}

#[test]
fn the_event_list_is_bounded_and_says_so() {
    use crate::tui::journal::{Journal, LIMIT};
    let mut journal = Journal::default();
    let event = burst(1, 1, &laptop(), &leftover()).events.remove(0);
    let many = |first: u64, number: u64| {
        (first..first + number).map(|sequence| Event { sequence, ..event.clone() }).collect()
    };
    journal.extend(many(1, 25_000));
    assert_eq!((journal.len(), journal.forgotten(), journal.last_sequence()), (LIMIT, 15_000, 25_000));
    journal.extend(many(25_001, 1));
    assert_eq!((journal.len(), journal.forgotten()), (LIMIT, 15_001));
    assert_eq!(journal.iter().next().map(|event| event.sequence), Some(15_002));
    assert_eq!(journal.with_sequence(1).map(|event| event.sequence), None);
}

#[test]
fn who_reads_older_events_is_not_pushed_away_by_new_ones() {
    let mut bench = Bench::new(laptop());
    bench.becomes(connected());
    bench.keys("4j");
    let before = bench.app.event_at(bench.app.cursor().selected);
    let sequence = |bench: &Bench, at: Option<usize>| {
        bench.app.data().and_then(|data| data.journal.newest(at?)).map(|event| event.sequence)
    };
    let reading = sequence(&bench, before);
    bench.becomes(leftover());
    let after = bench.app.event_at(bench.app.cursor().selected);
    assert_eq!(sequence(&bench, after), reading);
}

#[test]
fn folding_hides_addresses_and_puts_the_cursor_on_their_link() {
    let mut bench = Bench::new(laptop());
    bench.keys("2jjj");
    let rows = bench.app.links.len();
    bench.key(KeyCode::Left);
    assert_eq!(bench.app.links.len(), rows - 3);
    assert_eq!(bench.app.cursor().selected, 2);
    bench.keys("*");
    assert_eq!(bench.app.links.len(), rows);
}

#[test]
fn notes_are_said_until_they_are_read_and_new_ones_show_again() {
    let mut bench = Bench::new(hostile());
    assert_eq!(view::notes(&bench.app).len(), 2);
    bench.keys("\x1b");
    assert_eq!(view::notes(&bench.app).len(), 0);
    let mut lost = burst(1, 1, &hostile(), &hostile());
    lost.overruns = 1;
    bench.send(Msg::Burst(lost));
    assert_eq!(view::notes(&bench.app).len(), 1);
}

#[test]
fn esc_clears_the_filter_before_it_hides_notes() {
    let mut bench = Bench::new(hostile());
    let all = routes(&bench).len();
    bench.keys("/dev:nowhere\n");
    assert_eq!((routes(&bench).len(), bench.app.routes.hidden), (0, all));
    bench.keys("\x1b");
    assert_eq!((routes(&bench).len(), view::notes(&bench.app).len()), (all, 2));
    bench.keys("\x1b");
    assert_eq!(view::notes(&bench.app).len(), 0);
}

#[test]
fn the_last_screen_is_filtered_and_copied_like_the_others() {
    let mut bench = Bench::new(laptop().to_builder().resolver(resolver("192.0.2.1")).build());
    bench.keys("5/nameserver\n");
    assert_eq!(bench.app.others.len(), 2, "of resolv.conf and of systemd-resolved");
    assert_eq!(bench.keys("y"), [Effect::Copy("nameserver 192.0.2.1 in /etc/resolv.conf".into())]);
    bench.becomes(laptop().to_builder().taken_at(at("12:05:00")).build());
    let marks: Vec<_> = bench.app.others.iter().map(|row| row.mark).collect();
    assert_eq!(marks, [Some(Mark::Removed); 2], "what went stays in sight");
}

#[test]
fn a_missing_systemd_resolved_is_no_news() {
    let lacks = ["process_names", "resolver_per_link"].map(|name| {
        (name.to_owned(), Capability { available: false, because: Some("it does not run".into()) })
    });
    let bench = Bench::new(laptop().to_builder().capabilities(lacks.into()).build());
    assert_eq!(view::notes(&bench.app), ["Programs cannot all be named: it does not run."]);
}

fn many_routes() -> Vec<Route> {
    let destinations = (0x0a00_0000u32..).take(60_000).map(std::net::Ipv4Addr::from);
    destinations.map(|it| route(&format!("{it}/32"), Some("192.0.2.1"), 2, |_| {})).collect()
}

#[test]
fn only_long_work_is_announced() {
    for (state, is_long) in [(laptop(), false), (laptop().to_builder().routes(many_routes()).build(), true)] {
        let mut bench = Bench::new(state);
        assert!(!bench.app.is_long_work());
        bench.keys("/dst:10.0.1.*");
        assert_eq!(bench.app.filter_text != "dst:10.0.1.*", is_long, "a slow filter waits for Enter");
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        assert!(update(&mut bench.app, Msg::Key(enter)).is_empty());
        assert_eq!(bench.app.is_long_work(), is_long);
        bench.app.prepare();
        assert!(!bench.app.is_long_work());
    }
}

#[test]
fn many_routes_are_filtered_in_the_order_of_the_list() {
    let mut bench = Bench::new(laptop().to_builder().routes(many_routes()).build());
    bench.keys("/.7/32");
    let found = routes(&bench);
    assert_eq!((found.len(), &*found[0], &*found[234]), (235, "  10.0.0.7/32", "  10.0.234.7/32"));
}
