//! A route in the words of `ip route`.

use std::fmt;

use super::{Family, NextHop, NextHopFlags, Route, RouteKind, RouteProtocol, RouteScope, TableId};

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if let Some(encapsulation) = &self.encapsulation {
            words.push(
                format!("encap {} {}", encapsulation.kind, super::escape(&encapsulation.text))
                    .trim_end()
                    .to_owned(),
            );
        }
        if let Some(gateway) = &self.gateway {
            words.push(format!("via {gateway}"));
        }
        match (&self.link, self.link_index) {
            (Some(name), _) => words.push(format!("dev {name}")),
            (None, Some(index)) => words.push(format!("dev if{index}")),
            (None, None) => {}
        }
        if let Some(weight) = self.weight {
            words.push(format!("weight {weight}"));
        }
        if !self.flags.is_empty() {
            words.push(self.flags.to_string());
        }
        f.write_str(&words.join(" "))
    }
}

/// One line in the words of `ip route`: `192.0.2.0/24 via 198.51.100.1 dev eth0 proto static metric 100`.
///
/// The table is left out when it is main, the kind when it is unicast, the scope when it is
/// global. `default` is written as the prefix it is.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != RouteKind::UNICAST {
            write!(f, "{} ", self.kind)?;
        }
        write!(f, "{}", self.destination)?;
        if let Some(source) = &self.source_prefix {
            write!(f, " from {source}")?;
        }
        if self.tos != 0 {
            write!(f, " tos 0x{:02x}", self.tos)?;
        }
        if let Some(id) = self.nexthop_id {
            write!(f, " nhid {id}")?;
        }
        let several = self.nexthops.len() > 1;
        if let ([hop], false) = (self.nexthops.as_slice(), several) {
            let hop = NextHop { weight: None, flags: NextHopFlags::default(), ..hop.clone() }.to_string();
            if !hop.is_empty() {
                write!(f, " {hop}")?;
            }
        }
        if self.table != TableId::MAIN {
            write!(f, " table {}", self.table)?;
        }
        if self.protocol != RouteProtocol::UNSPECIFIED {
            write!(f, " proto {}", self.protocol)?;
        }
        if self.family() == Family::V4 && self.scope != RouteScope::GLOBAL {
            write!(f, " scope {}", self.scope)?;
        }
        if let Some(source) = &self.preferred_source {
            write!(f, " src {source}")?;
        }
        if self.metric != 0 {
            write!(f, " metric {}", self.metric)?;
        }
        if let Some(mtu) = self.mtu {
            write!(f, " mtu {mtu}")?;
        }
        for (metric, value) in &self.metrics {
            write!(f, " {metric} {value}")?;
        }
        if let Some(name) = &self.congestion_control {
            write!(f, " congctl {}", super::escape(name))?;
        }
        if let Some(seconds) = self.expires_in_s {
            write!(f, " expires {seconds}s")?;
        }
        if let Some(preference) = self.router_preference {
            write!(f, " pref {preference}")?;
        }
        if let Some(scope) = &self.scoped_to {
            write!(f, " ifscope {scope}")?;
        }
        if !self.flags.is_empty() {
            write!(f, " {}", self.flags)?;
        }
        if several {
            for hop in &self.nexthops {
                write!(f, " nexthop {hop}")?;
            }
        } else if let [hop] = self.nexthops.as_slice()
            && !hop.flags.is_empty()
        {
            write!(f, " {}", hop.flags)?;
        }
        Ok(())
    }
}
