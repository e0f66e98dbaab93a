use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn names() -> BTreeMap<u32, LinkName> {
    [(1, "lo".into()), (2, "up0".into())].into()
}

/// What the general decoder alone says, with names.
fn slowly(payload: &[u8]) -> Result<Route, DecodeError> {
    RouteDecoder::new(names()).decode_generally(payload)
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A message as the kernel lays it out.
fn route(family: i32, prefix_length: u8, destination: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![family as u8, prefix_length, 0, 0, 254, 12, 0, 1, 0, 0, 0, 0];
    bytes.extend(attribute(libc::RTA_TABLE, &254_u32.to_ne_bytes()));
    bytes.extend(attribute(libc::RTA_DST, destination));
    bytes.extend(rest);
    bytes
}

#[test]
fn routes_that_differ_in_the_destination_only_share_their_attributes() {
    let mut decoder = RouteDecoder::new(names());
    let rest =
        [attribute(libc::RTA_GATEWAY, &[198, 51, 100, 1]), attribute(libc::RTA_OIF, &2_u32.to_ne_bytes())];
    let first = decoder.decode(&route(libc::AF_INET, 24, &[192, 0, 2, 0], &rest.concat())).expect("sound");
    let second =
        decoder.decode(&route(libc::AF_INET, 25, &[203, 0, 113, 128], &rest.concat())).expect("sound");
    assert!(Arc::ptr_eq(&first.attributes, &second.attributes));
    assert_eq!(first.nexthops[0].link, Some("up0".into()));
    assert_eq!(second.destination.to_string(), "203.0.113.128/25");
}

#[test]
fn a_second_destination_never_becomes_a_template() {
    let mut decoder = RouteDecoder::new(names());
    let rest = attribute(libc::RTA_DST, &[203, 0, 113, 0]);
    for destination in [[192, 0, 2, 0], [203, 0, 113, 0], [198, 51, 100, 0]] {
        let message = route(libc::AF_INET, 24, &destination, &rest);
        assert_eq!(decoder.decode(&message), slowly(&message));
    }
}

#[test]
fn a_renamed_link_is_seen_after_the_names_were_exchanged() {
    let mut decoder = RouteDecoder::new(names());
    let message = route(libc::AF_INET, 24, &[192, 0, 2, 0], &attribute(libc::RTA_OIF, &2_u32.to_ne_bytes()));
    decoder.decode(&message).expect("sound");
    decoder.set_names([(2, "wan0".into())].into());
    assert_eq!(decoder.decode(&message).expect("sound").nexthops[0].link, Some("wan0".into()));
}

/// Some attribute as the kernel might send it, or not at all as it would.
fn any_attribute() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0_u16..32, prop_oneof![
            Just(vec![0; 4]), Just(vec![0; 8]), Just(vec![0; 16]), proptest::collection::vec(any::<u8>(), 0..40)
        ]).prop_map(|(kind, value)| attribute(kind, &value)),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
        1 => Just(attribute(libc::RTA_OIF, &2_u32.to_ne_bytes())),
        1 => Just(attribute(libc::RTA_PRIORITY, &100_u32.to_ne_bytes())),
    ]
}

proptest! {
    /// One decoder with a warm cache against a fresh general decoder for each message.
    #[test]
    fn the_fast_decoder_says_what_the_general_one_says(
        rests in proptest::collection::vec(proptest::collection::vec(any_attribute(), 0..5), 1..4),
        rows in proptest::collection::vec((any::<bool>(), 0_u8..140, any::<[u8; 16]>(), any::<usize>(), any::<u16>()), 1..24),
    ) {
        let mut decoder = RouteDecoder::new(names());
        for (v6, prefix_length, octets, which, damage) in rows {
            let (family, length) = if v6 { (libc::AF_INET6, 16) } else { (libc::AF_INET, 4) };
            let mut message = route(family, prefix_length, &octets[..length], &rests[which % rests.len()].concat());
            if damage % 4 == 0 {
                let at = usize::from(damage / 4) % message.len();
                message[at] ^= damage.to_ne_bytes()[1] | 1;
            }
            if damage % 16 == 1 {
                message.truncate(usize::from(damage / 16) % message.len());
            }
            prop_assert_eq!(decoder.decode(&message), slowly(&message), "{:?}", message);
            prop_assert_eq!(decoder.decode(&message), slowly(&message), "a second time: {:?}", message);
        }
    }
}

/// Every recorded dump beside the repository; they come from real VPNs.
#[test]
#[allow(clippy::print_stderr, reason = "a test that did not run must say so")]
fn recorded_dumps_decode_alike_both_ways() {
    let shared = std::env::var_os("NETDIAG_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        std::path::PathBuf::from,
    );
    let mut folders = vec![shared.join("scenarios")];
    let (mut files, mut routes) = (0, 0);
    let mut decoder = RouteDecoder::new(names());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "nl") {
                files += 1;
                let bytes = std::fs::read(&path).expect("a file just listed");
                for message in crate::source::linux::socket::messages(&bytes) {
                    if message.kind == libc::RTM_NEWROUTE {
                        routes += 1;
                        assert_eq!(
                            decoder.decode(message.payload),
                            slowly(message.payload),
                            "{}",
                            path.display()
                        );
                    }
                }
            }
        }
    }
    if files == 0 {
        eprintln!("SKIPPED: no recordings beside the repository (set NETDIAG_SHARED)");
    } else {
        assert!(routes > 1000, "{routes} routes in {files} files");
    }
}

/// Routes of every shape that `ip` makes without special drivers.
const SHAPES: &str = "
link set lo up
link add up0 type veth peer name up1
link set up0 up
link set up1 up
addr add 192.0.2.1/24 dev up0
addr add 198.51.100.1/24 dev up1
addr add 2001:db8::1/64 dev up0 nodad
route add default via 192.0.2.2
route append default via 192.0.2.3
route add 203.0.113.0/24 via 192.0.2.2 metric 7 proto bird mtu lock 1400 advmss 1300 initcwnd 20 congctl reno
route add 203.0.113.0/24 via 192.0.2.2 metric 8 tos 0x10 src 192.0.2.1 realms 3/4
route add 203.0.113.128/25 nexthop via 192.0.2.2 weight 3 nexthop via 198.51.100.2 dev up1 onlink
route add 203.0.113.64/26 via inet6 fe80::2 dev up0
route add 203.0.113.32/27 dev up0 scope link table 100
route add 203.0.113.32/27 via 192.0.2.9 table 51820 onlink dev up0
route add blackhole 203.0.113.8/29
route add unreachable 203.0.113.16/29 metric 4278198272
route add prohibit 203.0.113.24/29 table 100
route add throw default table 100
route add 2001:db8:1::/48 via 2001:db8::2 metric 5 proto static pref high
route append 2001:db8:1::/48 via 2001:db8::4 metric 5 proto static
route add 2001:db8:2::/48 from 2001:db8:9::/64 via 2001:db8::2
route add 2001:db8:3::/48 dev up0 expires 1000 mtu 1400
route add default via fe80::2 dev up0 table 51820 metric 1
route add unreachable 2001:db8:4::/48
route add blackhole default metric 4294967295 table 7
nexthop add id 1 via 192.0.2.5 dev up0
nexthop add id 2 via 192.0.2.6 dev up0
nexthop add id 10 group 1,5/2,2
nexthop add id 20 via 2001:db8::7 dev up0
route add 203.0.113.4/30 nhid 10
route add 203.0.113.2/31 nhid 1
route add 2001:db8:5::/48 nhid 20
";

#[test]
fn live_routes_of_many_shapes_decode_alike_both_ways() {
    use crate::source::linux::dump::{Request, dump};
    use crate::source::linux::socket::Socket;
    use crate::source::linux::testing::{in_new_namespace, ip};

    in_new_namespace(|| {
        if !ip(SHAPES) {
            return;
        }
        let socket = Socket::open(&[], None).expect("a socket");
        let mut decoder = RouteDecoder::new(names());
        let (mut found, mut shared) = (0, 0);
        for family in [crate::model::Family::V4, crate::model::Family::V6] {
            let outcome = dump(&socket, &Request::routes(family, None), &mut Vec::new(), |message| {
                let payload = message.payload;
                let route = decoder.decode(payload).expect("a route of the kernel");
                assert_eq!(Ok(&route), slowly(payload).as_ref());
                let again = decoder.decode(payload).expect("the same route");
                assert_eq!(route, again);
                shared += usize::from(Arc::ptr_eq(&route.attributes, &again.attributes));
                found += 1;
            });
            assert_eq!(outcome.expect("the kernel answers").failure, None);
        }
        assert!(found > 30, "{found} routes");
        assert_eq!(shared, found);
    });
}
