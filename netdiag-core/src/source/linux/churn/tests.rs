use super::*;
use crate::model::{RouteAttributes, RouteKind};
use crate::source::linux::testing::{add_route, change, in_new_namespace, prefix};

fn leg(link: u32) -> NextHop {
    NextHop { link_index: Some(link), gateway: "fe80::1".parse().ok(), ..NextHop::default() }
}

fn route(destination: &str, links: &[u32]) -> Route {
    let nexthops = links.iter().map(|link| leg(*link)).collect();
    let attributes = RouteAttributes { nexthops, metric: 1024, ..RouteAttributes::default() };
    Route::new(destination.parse().expect("a prefix"), attributes)
}

fn added(route: &Route) -> Notice {
    Notice::Added { route: route.clone(), replaces: false }
}

fn quiet() -> Notifications {
    Notifications::subscribe(Family::V6, None).expect("any process may listen")
}

fn rows(routes: &[Route]) -> RouteRows {
    let mut rows = RouteRows::default();
    routes.iter().for_each(|route| rows.push(route.clone()));
    rows
}

fn settled(union: Union, notifications: &Notifications) -> (Vec<Route>, usize) {
    let mut rows = RouteRows::default();
    let mut decoder = RouteDecoder::new(BTreeMap::new());
    let doubtful = union.settle(notifications, &mut decoder, &mut rows).expect("the kernel answers");
    (rows.into_tables().flat_map(|table| table.routes().to_vec()).collect(), doubtful)
}

#[test]
fn a_route_that_one_of_several_dumps_showed_stands_once() {
    let [a, b, c] = ["2001:db8:a::/48", "2001:db8:b::/48", "2001:db8:c::/48"].map(|net| route(net, &[1]));
    let notifications = quiet();
    let mut union = Union::default();
    union.take(rows(&[a.clone(), c.clone(), c.clone()]));
    union.take(rows(&[a.clone(), a.clone(), b.clone()]));
    union.take(rows(std::slice::from_ref(&c)));
    assert_eq!(settled(union, &notifications), (vec![a, b, c], 0));
}

#[test]
fn the_last_notification_decides_about_a_route_whatever_dumps_showed() {
    let [went, came, stays] =
        ["2001:db8:a::/48", "2001:db8:b::/48", "2001:db8:c::/48"].map(|net| route(net, &[1]));
    let mut notifications = quiet();
    for notice in [added(&went), Notice::Removed(went.clone()), Notice::Removed(came.clone()), added(&came)] {
        notifications.note(notice);
    }
    let mut union = Union::default();
    union.take(rows(&[went, stays.clone()]));
    assert_eq!(settled(union, &notifications), (vec![came, stays], 0));
}

#[test]
fn notices_that_repeat_take_no_more_room() {
    let mut notifications = quiet();
    let flapping = route("2001:db8::/48", &[1]);
    for _ in 0..1000 {
        notifications.note(added(&flapping));
        notifications.note(Notice::Removed(flapping.clone()));
    }
    assert_eq!(notifications.touched.values().map(Vec::len).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_route_of_the_same_key_by_another_link_is_another_route() {
    let [one, other] = [[1], [2]].map(|links| route("2001:db8::/48", &links));
    let notifications = quiet();
    let mut union = Union::default();
    union.take(rows(std::slice::from_ref(&one)));
    union.take(rows(std::slice::from_ref(&other)));
    let (mut routes, _) = settled(union, &notifications);
    routes.sort_by_key(|route| route.nexthops[0].link_index);
    assert_eq!(routes, [one, other]);
}

#[test]
fn a_leg_that_is_announced_as_removed_leaves_the_others() {
    let weighted = |links: &[u32]| {
        let mut route = route("2001:db8::/48", links);
        for leg in &mut Arc::make_mut(&mut route.attributes).nexthops {
            leg.weight = Some(1);
        }
        route
    };
    let three = weighted(&[1, 2, 3]);
    let gone = |link| Notice::Removed(route("2001:db8::/48", &[link]));
    assert_eq!(apply(vec![three.clone()], &[gone(2)]), [weighted(&[1, 3])]);
    assert_eq!(apply(vec![three.clone()], &[gone(2), gone(1)]), [route("2001:db8::/48", &[3])]);
    assert_eq!(apply(vec![three], &[gone(2), gone(1), gone(3)]), []);
    // A leg is added: the whole route is announced, in another order.
    assert_eq!(apply(vec![route("2001:db8::/48", &[1])], &[added(&weighted(&[2, 1]))]), [weighted(&[2, 1])]);
}

#[test]
fn a_replacement_takes_the_place_of_what_it_replaced() {
    let replaced = |by: &Route| Notice::Added { route: by.clone(), replaces: true };
    let (old, new) = (route("2001:db8::/48", &[1, 2]), route("2001:db8::/48", &[3]));
    assert_eq!(apply(vec![old.clone()], &[replaced(&new)]), std::slice::from_ref(&new));
    let mut local = route("2001:db8::/48", &[9]);
    Arc::make_mut(&mut local.attributes).nexthops[0].gateway = None;
    assert_eq!(apply(vec![local.clone(), old], &[replaced(&new)]), [local, new]);
}

#[test]
fn doubles_of_one_destination_are_dropped_and_nothing_else() {
    let mut unreachable = route("2001:db8::/48", &[1]);
    Arc::make_mut(&mut unreachable.attributes).kind = RouteKind::UNREACHABLE;
    let (one, next) = (route("2001:db8::/48", &[1]), route("2001:db8:1::/48", &[1]));
    let list = vec![one.clone(), unreachable.clone(), one.clone(), next.clone(), next.clone()];
    let table = RouteTable::from_dump_order(Family::V6, TableId::MAIN, list);
    assert_eq!(drop_doubles(&table).routes(), [one, unreachable, next]);
}

#[test]
fn after_a_loss_the_kernel_is_asked_for_what_the_newest_dump_lacks() {
    in_new_namespace(|| {
        let socket = Socket::open(&[], None).expect("a socket");
        let by_lo = |number: u32| {
            let attributes = RouteAttributes {
                nexthops: vec![NextHop { link_index: Some(1), ..NextHop::default() }],
                metric: 1024,
                ..RouteAttributes::default()
            };
            Route::new(prefix(Family::V6, number), attributes)
        };
        // 1 is there; 2 is gone and a shorter prefix answers; nobody can tell about 0x1_0000_0000
        // and up, for which the kernel finds nothing at all.
        change(&socket, &add_route(&prefix(Family::V6, 1))).expect("added");
        change(&socket, &add_route(&"2001:db8::/48".parse().expect("a prefix"))).expect("added");
        let mut unknown = by_lo(1);
        unknown.destination = "2001:db8:ffff::/64".parse().expect("a prefix");
        let mut notifications = quiet();
        notifications.lost = true;
        let mut union = Union::default();
        union.take(rows(&[by_lo(1), by_lo(2), by_lo(3), unknown.clone()]));
        union.take(rows(&[by_lo(3)]));
        assert_eq!(settled(union, &notifications), (vec![by_lo(1), by_lo(3), unknown], 1));
    });
}
