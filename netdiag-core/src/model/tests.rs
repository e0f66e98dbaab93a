//! Tests of the nouns.

use super::*;

#[test]
fn a_number_without_a_name_keeps_its_number_through_text() {
    assert_eq!(RouteProtocol(77).to_string(), "77");
    assert_eq!("77".parse(), Ok(RouteProtocol(77)));
    assert_eq!("dhcp".parse(), Ok(RouteProtocol::DHCP));
    assert!("no such".parse::<RouteProtocol>().is_err());
}

#[test]
fn a_flag_without_a_name_keeps_its_bit_through_json() {
    let flags = NextHopFlags(0x8011);
    let json = serde_json::to_string(&flags).unwrap();
    assert_eq!(json, r#"["dead","linkdown","0x8000"]"#);
    assert_eq!(serde_json::from_str::<NextHopFlags>(&json).unwrap(), flags);
}

#[test]
fn hostile_text_is_escaped_and_kept() {
    let name = LinkName::from_bytes(b"a\x1b[31mb\xff");
    assert_eq!(name.as_str(), "a\u{1b}[31mb\\xff");
    assert_eq!(name.to_string(), "a\\x1b[31mb\\xff");
    assert_eq!(Escaped("\u{202e}x\u{9b}").to_string(), "\\u{202e}x\\u{9b}");
}

#[test]
fn a_route_is_thirty_two_bytes() {
    assert_eq!(size_of::<Route>(), 32);
}

#[test]
fn a_route_reads_like_ip_route() {
    let route = Route::new(
        "10.20.0.0/16".parse().unwrap(),
        RouteAttributes {
            protocol: RouteProtocol::STATIC,
            metric: 50,
            nexthops: vec![NextHop {
                gateway: Some("192.0.2.1".parse().unwrap()),
                link: Some("wlan0".into()),
                link_index: Some(3),
                flags: NextHopFlags::LINKDOWN,
                ..NextHop::default()
            }],
            ..RouteAttributes::default()
        },
    );
    assert_eq!(route.to_string(), "10.20.0.0/16 via 192.0.2.1 dev wlan0 proto static metric 50 linkdown");
}

#[test]
fn routes_of_one_destination_keep_the_order_of_the_dump() {
    let destination = "203.0.113.0/24".parse().unwrap();
    let with = |kind| Route::new(destination, RouteAttributes { kind, ..RouteAttributes::default() });
    let other = Route::new("192.0.2.0/24".parse().unwrap(), RouteAttributes::default());
    let routes = Routes::from_dump_order([
        with(RouteKind::UNREACHABLE),
        with(RouteKind::BLACKHOLE),
        other.clone(),
        with(RouteKind::UNICAST),
    ]);
    let table = routes.table(Family::V4, TableId::MAIN).unwrap();
    let kinds: Vec<_> = table.at(&destination).iter().map(|route| route.kind).collect();
    assert_eq!(kinds, [RouteKind::UNREACHABLE, RouteKind::BLACKHOLE, RouteKind::UNICAST]);
    assert_eq!(table.routes()[0], other);
}

#[test]
fn equal_attribute_sets_are_one_allocation_after_reading_json() {
    let routes = Routes::from_dump_order(["10.0.0.0/8", "172.16.0.0/12"].map(|prefix| {
        Route::new(prefix.parse().unwrap(), RouteAttributes { metric: 7, ..RouteAttributes::default() })
    }));
    let json = serde_json::to_string(&routes).unwrap();
    let read: Routes = serde_json::from_str(&json).unwrap();
    assert_eq!(read, routes);
    let sets: Vec<_> = read.iter().map(|route| std::sync::Arc::as_ptr(&route.attributes)).collect();
    assert_eq!(sets[0], sets[1]);
}
