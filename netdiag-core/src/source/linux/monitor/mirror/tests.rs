//! The mirror by hand: a test decides what is heard before, while and after the state is read.

use crate::diff::{Object, diff};
use crate::history::{Event, Origin};
use crate::model::{AddressFlags, LinkFlags};
use crate::source::linux::monitor::GROUPS;
use crate::source::linux::socket::{Received, Socket, Wait};
use crate::source::linux::testing::{in_new_namespace, ip};

use super::*;

/// A mirror of the namespace that the calling thread is in.
struct Bench {
    mirror: Mirror,
    socket: Socket,
}

impl Bench {
    fn new() -> Self {
        let socket = Socket::open(&GROUPS, None).expect("a socket");
        Self { mirror: Mirror::read(&Namespace::Own).expect("a state"), socket }
    }

    /// Hears everything that has happened until now: how many datagrams that was.
    fn hear(&mut self) -> usize {
        self.mirror.wait_for_writers().expect("the kernel answers");
        let (mut buffer, mut count) = (Vec::new(), 0);
        while let Received::Datagram(datagram) = self.socket.receive(&mut buffer, Wait::No).expect("a socket")
        {
            self.mirror.hear(datagram);
            count += 1;
        }
        count
    }

    fn begin(&mut self) {
        self.hear();
        self.mirror.begin_reading().expect("the kernel answers");
    }

    fn finish(&mut self) -> Vec<Event> {
        self.hear();
        self.mirror.finish_reading().events
    }

    /// Reads until nothing is doubtful, as the watch does.
    fn settle(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.hear();
        while self.mirror.is_doubtful() {
            self.begin();
            events.extend(self.finish());
        }
        events
    }

    fn assert_current(&self) {
        let fresh = crate::source::read(&Namespace::Own).expect("a state");
        assert_eq!(diff(&self.mirror.state(), &fresh), [], "the mirror is behind");
    }
}

fn is_about_link(event: &Event) -> bool {
    matches!(event.change.before().or(event.change.after()), Some(Object::Link(_)))
}

#[test]
fn a_link_that_returns_to_what_it_was_while_the_state_is_read_is_read_again() {
    in_new_namespace(|| {
        let mut bench = Bench::new();
        if !ip("link set lo down") {
            return;
        }
        bench.begin();
        ip("link set lo up");
        bench.finish();
        bench.settle();
        bench.assert_current();
        let state = bench.mirror.state();
        assert!(state.link(1).is_some_and(|lo| lo.flags.contains(LinkFlags::UP)));
    });
}

#[test]
fn a_neighbor_that_returns_to_what_it_was_while_the_state_is_read_is_read_again() {
    in_new_namespace(|| {
        let neighbor = "192.0.2.9 lladdr 02:00:00:00:00:09 dev b0";
        if !ip(&format!("link add b0 type bridge\nneigh add {neighbor}")) {
            return;
        }
        let mut bench = Bench::new();
        ip("neigh del 192.0.2.9 dev b0");
        bench.begin();
        ip(&format!("neigh add {neighbor}"));
        bench.finish();
        bench.settle();
        bench.assert_current();
    });
}

#[test]
fn a_link_that_is_made_again_with_the_same_number_and_name_is_announced_as_another_one() {
    in_new_namespace(|| {
        let make = "link add b0 index 777 address 02:00:00:00:00:01 type bridge";
        if !ip(make) {
            return;
        }
        let mut bench = Bench::new();
        ip(&format!("link del b0\n{make}"));
        let told: Vec<Event> = bench.settle().into_iter().filter(is_about_link).collect();
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(told.iter().all(|event| event.origin == Origin::Announced), "{told:#?}");
    });
}

#[test]
fn a_link_that_was_exchanged_just_before_it_was_read_is_told_once() {
    in_new_namespace(|| {
        let make = "link add b0 index 777 address 02:00:00:00:00:01 type bridge";
        if !ip(&format!("{make}\nlink add v0 type veth peer name v1")) {
            return;
        }
        let mut bench = Bench::new();
        ip("link set v0 mtu 1400");
        bench.hear();
        // Read before the mirror hears of it.
        ip(&format!("link del b0\n{make}"));
        bench.mirror.begin_reading().expect("the kernel answers");
        let mut told = bench.finish();
        told.extend(bench.settle());
        let about: Vec<_> = told
            .iter()
            .filter(|event| is_about_link(event) && !event.change.to_string().contains("v0"))
            .collect();
        assert_eq!(about.len(), 2, "{about:#?}");
    });
}

#[test]
fn a_neighbor_that_went_and_came_back_is_told_as_a_pair() {
    in_new_namespace(|| {
        let neighbor = "192.0.2.9 lladdr 02:00:00:00:00:09 dev b0";
        if !ip(&format!("link add b0 type bridge\nneigh add {neighbor}")) {
            return;
        }
        let mut bench = Bench::new();
        ip(&format!("neigh del 192.0.2.9 dev b0\nneigh add {neighbor}"));
        let told = bench.settle();
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(told.iter().all(|event| event.passing), "{told:#?}");
    });
}

#[test]
fn what_comes_and_goes_without_rest_does_not_gather() {
    in_new_namespace(|| {
        if !ip("link set lo up") {
            return;
        }
        let flap = "route add 198.51.100.0/24 dev lo\nroute del 198.51.100.0/24 dev lo\n";
        let mut bench = Bench::new();
        let (mut told, mut most) = (0, 0);
        for _ in 0..20 {
            ip(flap);
            bench.begin();
            ip(flap);
            told += bench.finish().len();
            most = most.max(bench.mirror.heard());
        }
        told += bench.settle().len();
        assert!(most <= 4, "{most} notifications are kept");
        assert_eq!(told, 20 * 4, "each one is told once");
    });
}

#[test]
fn a_scan_of_a_wireless_link_costs_nothing() {
    in_new_namespace(|| {
        let mut bench = Bench::new();
        let name = [7, 0, 3, 0, b'l', b'o', 0, 0];
        let scan = [8, 0, 11, 0, 8, 0, 0x19, 0x8b];
        let mut message = (16 + 16 + 16_u32).to_ne_bytes().to_vec();
        message.extend(libc::RTM_NEWLINK.to_ne_bytes());
        message.extend([0; 10]);
        message.extend([0, 0, 4, 3, 1, 0, 0, 0]);
        message.extend([0; 8]);
        message.extend(name.iter().chain(&scan));
        bench.mirror.hear(&message);
        assert!(!bench.mirror.is_doubtful());
        assert_eq!(bench.mirror.heard(), 0);
    });
}

#[test]
fn a_repeated_word_about_a_link_costs_nothing() {
    in_new_namespace(|| {
        let mut bench = Bench::new();
        // The kernel tells of a link whose queue has another length, which is not modelled.
        if !ip("link set lo txqueuelen 77") {
            return;
        }
        assert_eq!(bench.hear(), 1);
        assert!(!bench.mirror.is_doubtful());
        assert_eq!(bench.mirror.heard(), 0);
    });
}

#[test]
fn a_notification_that_cannot_be_understood_is_counted_and_everything_is_read_once() {
    in_new_namespace(|| {
        let mut bench = Bench::new();
        let short =
            [17_u32.to_ne_bytes().as_slice(), &libc::RTM_NEWADDR.to_ne_bytes(), &[0; 10], &[9, 0, 0, 0]]
                .concat();
        bench.mirror.hear(&short);
        bench.mirror.hear(&short[..8]);
        assert!(bench.mirror.is_doubtful());
        bench.begin();
        let outcome = bench.mirror.finish_reading();
        assert!(outcome.is_worth_telling && outcome.events.is_empty());
        assert!(!bench.mirror.is_doubtful(), "once is enough");
        let state = bench.mirror.state();
        let counted = state.problems().iter().filter(|problem| problem.area == "notifications");
        assert_eq!(counted.map(|problem| problem.count).sum::<u64>(), 2);
    });
}

#[test]
fn lifetimes_are_those_of_the_moment_the_state_was_read() {
    in_new_namespace(|| {
        if !ip("addr add 192.0.2.9/32 dev lo valid_lft 1000 preferred_lft 900") {
            return;
        }
        let mut bench = Bench::new();
        let state = bench.mirror.state();
        let mut address =
            state.addresses().iter().find(|row| row.valid_for_s.is_some()).cloned().expect("a lifetime");
        assert!(!address.flags.contains(AddressFlags::PERMANENT));
        // As if much time had passed since.
        address.valid_for_s = Some(5000);
        let others = state.addresses().iter().filter(|row| row.valid_for_s.is_none()).cloned();
        bench.mirror.state =
            Arc::new(state.to_builder().addresses(others.chain([address]).collect()).build());
        ip("route add 198.51.100.0/24 dev lo");
        bench.settle();
        let state = bench.mirror.state();
        let left = state.addresses().iter().find_map(|row| row.valid_for_s);
        assert!(left.is_some_and(|left| left <= 1000), "{left:?}");
    });
}
