//! Every screen and state at three sizes, compared with the files in `snapshots/`.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthChar;

use super::*;
use crate::tui::view;

const SIZES: [(u16, u16); 3] = [(120, 35), (80, 24), (40, 10)];

fn screen(app: &App) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
    terminal.draw(|frame| view::draw(frame, app)).unwrap();
    terminal.backend().buffer().clone()
}

/// The cells as text.
fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The styles of the cells, a letter each, and only the lines that have any.
fn styles(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let letters = (0..buffer.area.width).map(|x| {
            let cell = &buffer[(x, y)];
            assert_eq!(cell.bg, Color::Reset, "no background colours");
            match (cell.modifier, cell.fg) {
                (m, _) if m.contains(Modifier::REVERSED) => 'R',
                (_, Color::LightBlue) => 'b',
                (_, Color::LightYellow) => 'y',
                (_, Color::LightMagenta) => 'm',
                (m, _) if m.contains(Modifier::BOLD) => 'S',
                (m, _) if m.contains(Modifier::DIM) => 'd',
                _ => ' ',
            }
        });
        let line: String = letters.collect();
        if !line.trim().is_empty() {
            text.push_str(&format!("{y:2} {}\n", line.trim_end()));
        }
    }
    text
}

fn check(name: &str, mut bench: Bench) {
    for size in SIZES {
        bench.resize(size);
        let buffer = screen(&bench.app);
        assert_safe(&buffer);
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text(&buffer));
        });
    }
}

/// Nothing a terminal could act on, and nothing of our own of doubtful width.
fn assert_safe(buffer: &Buffer) {
    for cell in &buffer.content {
        for letter in cell.symbol().chars() {
            assert!(!letter.is_control(), "{letter:?} on the screen");
            assert!(!('\u{200b}'..='\u{202e}').contains(&letter), "{letter:?} on the screen");
            assert_eq!(letter.width(), letter.width_cjk(), "{letter:?} may be one or two cells wide");
        }
    }
}

#[test]
fn before_the_first_state() {
    check("reading", Bench::empty());
}

#[test]
fn a_host_with_nothing() {
    check("nothing", Bench::new(SnapshotBuilder::new(at("12:01:07"), host()).build()));
}

#[test]
fn routes_of_a_laptop() {
    check("laptop", Bench::new(laptop()));
}

#[test]
fn routes_with_the_vpn_up() {
    let mut bench = Bench::new(laptop());
    bench.becomes(connected());
    bench.keys("j");
    check("vpn_up", bench);
}

#[test]
fn routes_after_the_disconnect() {
    let mut bench = after_disconnect();
    bench.keys("jjjjj");
    check("leftover", bench);
}

#[test]
fn a_route_that_came_and_went() {
    let mut bench = after_disconnect();
    bench.keys("j");
    check("gone_route", bench);
}

#[test]
fn everything_about_a_row() {
    let mut bench = after_disconnect();
    bench.keys("jjjjj\n");
    check("detail", bench);
}

#[test]
fn links_and_addresses() {
    let mut bench = Bench::new(laptop());
    bench.becomes(connected());
    bench.keys("2jjjj");
    check("links", bench);
}

#[test]
fn links_after_the_disconnect() {
    let mut bench = after_disconnect();
    bench.keys("2G");
    check("links_after", bench);
}

#[test]
fn rules() {
    let mut bench = Bench::new(laptop());
    let mut rules = laptop_rules();
    let mut wireguard = rule(Family::V4, 32764, TableId(51820));
    (wireguard.invert, wireguard.mark, wireguard.action) = (true, Some(0xca6c), RuleAction::LOOKUP);
    rules.push(wireguard);
    bench.becomes(laptop().to_builder().taken_at(at("12:05:00")).rules(rules).build());
    bench.keys("3j");
    check("rules", bench);
}

#[test]
fn events() {
    let mut bench = after_disconnect();
    bench.keys("4j");
    check("events", bench);
}

#[test]
fn the_resolver_and_what_else_there_is() {
    let mut bench = Bench::new(laptop().to_builder().resolver(resolver("192.0.2.1")).build());
    let others = laptop()
        .to_builder()
        .taken_at(at("12:05:00"))
        .resolver(resolver("198.51.100.53"))
        .nexthops(vec![nexthop()])
        .neighbors(vec![neighbor()])
        .sysctls([("net.ipv4.ip_forward".to_owned(), "1".to_owned())].into())
        .build();
    bench.becomes(others);
    bench.keys("5");
    check("others", bench);
}

#[test]
fn help() {
    let mut bench = Bench::new(laptop());
    bench.keys("?");
    check("help", bench);
}

#[test]
fn hostile_names() {
    let mut bench = Bench::new(hostile());
    bench.keys("2jj");
    check("hostile", bench);
}

#[test]
fn a_filter_being_typed() {
    let mut bench = Bench::new(laptop());
    bench.keys("/dev:wlan0 metric:>x");
    check("filter", bench);
}

#[test]
fn frozen_and_stopped() {
    let mut bench = Bench::new(laptop());
    bench.keys(" ");
    bench.becomes(connected());
    check("frozen", bench);
    let mut bench = Bench::new(laptop());
    let cause = std::io::Error::other("the namespace is gone");
    bench.send(Msg::Ended(Arc::new(netdiag_core::Error::system("watch namespace blue", cause))));
    check("stopped", bench);
}

#[test]
fn a_picture_that_is_not_live_never_looks_live() {
    for width in 24..130 {
        for height in [10, 24, 35] {
            let mut bench = Bench::new(laptop());
            bench.keys(" ");
            bench.becomes(connected());
            bench.resize((width, height));
            let screen = text(&screen(&bench.app));
            assert!(
                screen.lines().next().unwrap_or_default().contains("FROZEN"),
                "{width}x{height}:\n{screen}"
            );
        }
    }
}

#[test]
fn a_stored_state() {
    let mut bench = Bench::empty();
    bench.app.source = Source::Stored("before.json".into());
    bench.send(Msg::Ready(Arc::new(laptop())));
    check("stored", bench);
}

#[test]
fn colours_say_what_the_marks_say() {
    let bench = after_disconnect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("leftover_styles", styles(&screen(&bench.app)));
    });
}

#[test]
fn without_colours_the_cursor_row_is_still_reversed() {
    let mut bench = after_disconnect();
    bench.app.theme = Theme::new(false, false);
    let buffer = screen(&bench.app);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let reversed = buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED));
    assert_eq!(reversed.count(), 120, "one row");
}

#[test]
fn ascii_means_ascii() {
    for screen_key in ["1", "2", "3", "4", "5", "?"] {
        let mut bench = after_disconnect();
        bench.app.theme = Theme::new(true, true);
        bench.keys(screen_key);
        for size in SIZES {
            bench.resize(size);
            assert!(text(&screen(&bench.app)).is_ascii(), "{screen_key} at {size:?}");
        }
    }
}

#[test]
fn no_size_panics_and_small_ones_still_show_rows() {
    let mut bench = after_disconnect();
    for keys in ["1", "2", "3", "4", "5", "1/x", "\x1b\n", "?"] {
        bench.keys(keys);
        for width in [1, 2, 5, 19, 20, 39, 59, 60, 81, 121, 300] {
            for height in [1, 2, 3, 4, 5, 6, 9, 15, 16, 31, 32, 60] {
                bench.resize((width, height));
                screen(&bench.app);
            }
        }
    }
    bench.keys("\x1b\x1b1");
    bench.resize((20, 5));
    assert!(text(&screen(&bench.app)).contains("0.0.0.0/0"));
}
