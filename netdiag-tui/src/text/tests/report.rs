//! A whole state as text.

use super::*;

#[test]
fn a_laptop_with_a_vpn_at_100_columns() {
    insta::assert_snapshot!(text(page(100), &laptop()));
}

#[test]
fn a_laptop_with_a_vpn_at_80_columns() {
    insta::assert_snapshot!(text(page(80), &laptop()));
}

#[test]
fn a_laptop_with_a_vpn_at_120_columns() {
    insta::assert_snapshot!(text(page(120), &laptop()));
}

#[test]
fn a_laptop_with_a_vpn_at_40_columns() {
    insta::assert_snapshot!(text(page(40), &laptop()));
}

#[test]
fn nothing_from_outside_reaches_the_terminal_unescaped() {
    let colored = Page { color: true, ..page(100) };
    let shown = text(page(100), &laptop());
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
    assert!(shown.contains("a\\x1b[2Jb\\u{202e}c") && shown.contains("open\\x1b[31mvpn"));
    // With colours, every escape sequence is one of ours.
    let painted = text(colored, &laptop());
    for sequence in painted.split('\u{1b}').skip(1) {
        let ours = ["[1m", "[2m", "[94m", "[93m", "[95m", "[1;93m", "[0m"];
        assert!(ours.iter().any(|sgr| sequence.starts_with(sgr)), "{sequence:?}");
    }
}

#[test]
fn colours_change_no_character() {
    let painted = text(Page { color: true, ..page(80) }, &laptop());
    let mut plain = String::new();
    for part in painted.split('\u{1b}') {
        plain.push_str(if plain.is_empty() && !painted.starts_with('\u{1b}') {
            part
        } else {
            part.split_once('m').map_or(part, |(_, rest)| rest)
        });
    }
    assert_eq!(plain, text(page(80), &laptop()));
}

#[test]
fn ascii_is_ascii_and_still_aligned() {
    let shown = text(Page { ascii: true, ..page(120) }, &laptop());
    assert!(shown.is_ascii(), "{shown}");
    assert!(shown.contains("\\u{7db2}\\u{8def}"));
}

#[test]
fn no_line_is_longer_than_the_page_while_single_cells_fit() {
    for width in [40, 60, 80, 100, 120, 200] {
        for line in text(page(width), &laptop()).lines() {
            let cells = page(width).width_of(line);
            let longest_cell = line.split("  ").map(|cell| page(width).width_of(cell)).max().unwrap_or(0);
            assert!(cells <= width || longest_cell + 6 > width, "{width}: {line}");
        }
    }
}

#[test]
fn the_first_sentence_says_what_table_main_shows() {
    let state = |routes: Vec<Route>| {
        let links = vec![
            link(2, "wlan0", None, "ether"),
            link(3, "eth0", None, "ether"),
            link(4, "tun0", Some("tun"), "none"),
        ];
        builder().links(links).routes(routes).rules(built_in_rules()).build()
    };
    let sentence = |routes| posture(&state(routes)).to_string();
    let v4 = |destination| route(destination, vec![hop(2, Some("192.0.2.1"))]);
    let metric = |route, metric| with(route, |attributes| attributes.metric = metric);

    assert_eq!(
        sentence(vec![]),
        "IPv4 has no routes in table main; IPv6 has no routes in table main; tunnels: tun0"
    );
    assert!(sentence(vec![v4("192.0.2.0/24")]).starts_with("IPv4 has no default route; "));
    assert!(
        sentence(vec![v4("0.0.0.0/0"), metric(route("0.0.0.0/0", vec![hop(3, None)]), 700)])
            .starts_with("IPv4 leaves by wlan0 via 192.0.2.1; ")
    );
    // A route that the kernel does not use is not the way out.
    let dead = route("0.0.0.0/0", vec![NextHop { flags: NextHopFlags::DEAD, ..hop(2, Some("192.0.2.1")) }]);
    assert!(
        sentence(vec![dead, metric(route("0.0.0.0/0", vec![hop(3, None)]), 700)])
            .starts_with("IPv4 leaves by eth0; ")
    );
    // One half alone does not take everything.
    assert!(
        sentence(vec![v4("0.0.0.0/0"), route("0.0.0.0/1", vec![hop(4, None)])])
            .starts_with("IPv4 leaves by wlan0 via 192.0.2.1, but 0.0.0.0/1 leaves by tun0; ")
    );
    assert!(
        sentence(vec![v4("0.0.0.0/1"), route("128.0.0.0/1", vec![hop(4, None)])])
            .starts_with("IPv4 leaves by wlan0 via 192.0.2.1 (0.0.0.0/1) and leaves by tun0 (128.0.0.0/1); ")
    );
    let refused = with(route("::/0", vec![]), |attributes| attributes.kind = RouteKind::UNREACHABLE);
    assert!(sentence(vec![refused]).contains("IPv6 is refused (unreachable); "));
    // A source-specific default is not everybody's way out.
    let specific = with(route("::/0", vec![hop(2, None)]), |attributes| {
        attributes.source_prefix = Some("2001:db8::/48".parse().unwrap());
    });
    assert!(sentence(vec![specific]).contains("IPv6 has no default route; "));
    assert!(
        sentence(vec![route("::/0", vec![hop(2, None)]), route("2000::/3", vec![hop(4, None)])])
            .contains("IPv6 leaves by wlan0, but 2000::/3 leaves by tun0; ")
    );
}

#[test]
fn rules_to_tables_without_routes_are_not_said_to_send_packets() {
    let mut rules = built_in_rules();
    rules.push(rule(Family::V4, 100, 202));
    let state = builder().rules(rules.clone()).build();
    assert_eq!(posture(&state).rules, None);
    let inside =
        with(route("192.0.2.0/24", vec![hop(2, None)]), |attributes| attributes.table = TableId(202));
    let state = builder().rules(rules).routes(vec![inside]).build();
    assert_eq!(posture(&state).rules.as_deref(), Some("rules send some packets to table 202"));
}

#[test]
fn ordinary_rules_and_labels_take_one_line_or_none() {
    let label = |prefix: &str, label: u32| -> AddressLabel {
        serde_json::from_value(serde_json::json!({"prefix": prefix, "label": label})).unwrap()
    };
    let built_in = [
        ("::/0", 1),
        ("fc00::/7", 5),
        ("fec0::/10", 11),
        ("2002::/16", 2),
        ("3ffe::/16", 12),
        ("2001::/32", 6),
        ("2001:10::/28", 7),
        ("::ffff:0:0/96", 4),
        ("::/96", 3),
        ("::1/128", 0),
    ];
    let mut labels: Vec<AddressLabel> =
        built_in.iter().map(|(prefix, value)| label(prefix, *value)).collect();
    let plain = builder().rules(built_in_rules()).address_labels(labels.clone()).build();
    let shown = text(page(100), &plain);
    assert!(shown.contains("only the built-in ones"), "{shown}");
    assert!(!shown.contains("Address labels"), "{shown}");
    labels[0].label = 99;
    let shown = text(page(100), &builder().address_labels(labels).build());
    assert!(shown.contains("Address labels") && shown.contains("99"), "{shown}");
}

#[test]
fn durations_take_their_two_largest_units() {
    let cases = [
        (0, "0s"),
        (31, "31s"),
        (60, "1m"),
        (245, "4m 5s"),
        (3_600, "1h"),
        (83_520, "23h 12m"),
        (86_400, "1d"),
        (601_200, "6d 23h"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(words::duration(seconds), expected);
    }
}
