//! The switches of the kernel that change where packets go (`/proc/sys/net`,
//! `Documentation/networking/ip-sysctl.rst`).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::model::LinkName;

/// Switches of the whole namespace, as paths below `/proc/sys`.
///
/// `fib_multipath_hash_seed` is not among them: it is meant to stay secret.
const NAMESPACE: &[&str] = &[
    "net/ipv4/ip_forward",
    "net/ipv4/ip_nonlocal_bind",
    "net/ipv4/fib_multipath_hash_fields",
    "net/ipv4/fib_multipath_hash_policy",
    "net/ipv4/fib_multipath_use_neigh",
    "net/ipv4/fwmark_reflect",
    "net/ipv4/tcp_fwmark_accept",
    "net/ipv4/nexthop_compat_mode",
    "net/ipv4/raw_l3mdev_accept",
    "net/ipv4/tcp_l3mdev_accept",
    "net/ipv4/udp_l3mdev_accept",
    "net/ipv6/bindv6only",
    "net/ipv6/fib_multipath_hash_fields",
    "net/ipv6/fib_multipath_hash_policy",
    "net/ipv6/fwmark_reflect",
    "net/ipv6/ip_nonlocal_bind",
    "net/ipv6/route/skip_notify_on_dev_down",
];

/// Switches of each link, and of `all` and `default`. A link starts with what `default` says.
const PER_LINK: &[(&str, &[&str])] = &[
    (
        "net/ipv4/conf",
        &[
            "accept_local",
            "forwarding",
            "ignore_routes_with_linkdown",
            "promote_secondaries",
            "route_localnet",
            "rp_filter",
            "src_valid_mark",
        ],
    ),
    (
        "net/ipv6/conf",
        &[
            "accept_ra",
            "accept_ra_defrtr",
            "accept_ra_from_local",
            "accept_ra_min_hop_limit",
            "accept_ra_pinfo",
            "accept_ra_rt_info_max_plen",
            "accept_ra_rt_info_min_plen",
            "accept_ra_rtr_pref",
            "disable_ipv6",
            "forwarding",
            "ignore_routes_with_linkdown",
            "keep_addr_on_down",
            "optimistic_dad",
            "ra_defrtr_metric",
            "use_oif_addrs_only",
            "use_optimistic",
            "use_tempaddr",
        ],
    ),
];

/// Reads the switches of the network namespace that the calling thread is in, by the names that
/// sysctl(8) prints. What this kernel does not have, or does not let us read, is absent; so is a
/// link's switch that stands as `default` says, else each link that comes would bring some thirty
/// of them.
pub(crate) fn read() -> BTreeMap<String, String> {
    read_below(Path::new("/proc/sys"))
}

fn read_below(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let take = |found: &mut BTreeMap<String, String>, path: &Path| {
        if let Ok(value) = fs::read(root.join(path)) {
            let value = LinkName::from_bytes(value.trim_ascii_end());
            found.insert(dotted(path), value.as_str().to_owned());
        }
    };
    for path in NAMESPACE {
        take(&mut found, Path::new(path));
    }
    for (directory, switches) in PER_LINK {
        let directory = Path::new(directory);
        for link in fs::read_dir(root.join(directory)).into_iter().flatten().flatten() {
            for switch in *switches {
                take(&mut found, &directory.join(link.file_name()).join(switch));
            }
        }
        let prefix = format!("{}.", dotted(directory));
        let defaults: Vec<_> = switches
            .iter()
            .filter_map(|switch| {
                let value = found.get(&format!("{prefix}default.{switch}"))?;
                Some((format!(".{switch}"), value.clone()))
            })
            .collect();
        found.retain(|name, value| {
            let Some(name) = name.strip_prefix(&prefix) else { return true };
            let is_default =
                |(suffix, default): &(String, String)| name.ends_with(suffix) && default == value;
            // Tunnels have no temporary addresses, whatever `default` says (`ipv6_add_dev` in
            // `net/ipv6/addrconf.c`).
            let is_tunnel = name.ends_with(".use_tempaddr") && value == "-1";
            name.starts_with("all.")
                || name.starts_with("default.")
                || !(is_tunnel || defaults.iter().any(is_default))
        });
    }
    found
}

/// A path below `/proc/sys` as sysctl(8) writes it: slashes and dots change places, so the dot in
/// a link's name `eth0.100` is written `eth0/100`.
fn dotted(path: &Path) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part: &OsStr| LinkName::from_bytes(part.as_bytes()).as_str().replace('.', "/"))
        .collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_a_links_name_changes_places_with_the_slash() {
        assert_eq!(dotted(Path::new("net/ipv4/conf/eth0.100/rp_filter")), "net.ipv4.conf.eth0/100.rp_filter");
    }

    #[test]
    fn a_switch_that_is_missing_is_absent() {
        let root = tempfile::tempdir().unwrap();
        let conf = root.path().join("net/ipv4/conf/wan.7");
        fs::create_dir_all(&conf).unwrap();
        fs::write(conf.join("rp_filter"), "2\n").unwrap();
        fs::write(root.path().join("net/ipv4/ip_forward"), "1\n").unwrap();
        let expected = [("net.ipv4.conf.wan/7.rp_filter", "2"), ("net.ipv4.ip_forward", "1")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read_below(root.path()), BTreeMap::from(expected));
    }

    #[test]
    fn a_links_switch_is_listed_when_it_differs_from_the_default() {
        let root = tempfile::tempdir().unwrap();
        for (link, value) in [("all", "0"), ("default", "2"), ("eth0", "2"), ("eth1", "1")] {
            let conf = root.path().join("net/ipv4/conf").join(link);
            fs::create_dir_all(&conf).unwrap();
            fs::write(conf.join("rp_filter"), value).unwrap();
        }
        let names: Vec<String> = read_below(root.path()).into_keys().collect();
        assert_eq!(names, ["all", "default", "eth1"].map(|link| format!("net.ipv4.conf.{link}.rp_filter")));
    }

    #[test]
    fn the_switches_of_this_host_can_be_read() {
        let found = read();
        assert!(found.contains_key("net.ipv4.ip_forward"), "{found:?}");
        assert!(found.contains_key("net.ipv4.conf.all.rp_filter"), "{found:?}");
        assert!(found.values().all(|value| !value.ends_with('\n')), "{found:?}");
    }
}
