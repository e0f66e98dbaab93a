//! Takes notifications: what they say, and what they make doubtful.

use super::Mirror;
use crate::model::{Link, LinkName, Process, RouteFlags};
use crate::source::linux::attribution::Processes;
use crate::source::linux::decode::{self, DecodeError};
use crate::source::linux::monitor::hint::{Doubt, Hint, News};
use crate::source::linux::socket::{self, attributes, messages};
use crate::source::now;

const NLM_F_REPLACE: u16 = libc::NLM_F_REPLACE as u16;
/// The size of `struct ifinfomsg`.
const IFINFOMSG: usize = 16;
const IFLA_WIRELESS: u16 = 11;
const RTM_NEWPREFIX: u16 = 52;
const RTM_NEWNETCONF: u16 = 80;
const RTM_DELNETCONF: u16 = 81;
const RTM_NEWNEXTHOP: u16 = 104;
const RTM_DELNEXTHOP: u16 = 105;

impl Mirror {
    /// Takes the notifications of a datagram.
    pub(in super::super) fn hear(&mut self, datagram: &[u8]) {
        let time = now();
        let mut walk = messages(datagram);
        for message in walk.by_ref() {
            match self.decode(&message) {
                Ok(Some(news)) => {
                    let is_repeated =
                        Doubt::raised_by(&news, &self.state).is_empty() && !self.doubt.is_about(&news);
                    // What was read but not told yet is newer than the state: what repeats the
                    // state may undo what was read.
                    let newest = self.reading.as_ref().map_or(&*self.state, |reading| &reading.after);
                    let doubt = Doubt::raised_by(&news, newest);
                    self.note_link(&news);
                    self.doubt = self.doubt.join(doubt);
                    if is_repeated && doubt.is_empty() {
                        continue;
                    }
                    let by = self.requester(message.port);
                    self.hints.push(Hint { time, by, news });
                }
                Ok(None) => {}
                Err(error) => {
                    let detail = format!("{error} (message {})", message.kind);
                    *self.undecodable.entry(detail).or_default() += 1;
                    // Something happened that is not understood.
                    self.doubt = Doubt::EVERYTHING;
                }
            }
        }
        if !walk.rest().is_empty() {
            *self.undecodable.entry("a notification that was cut short".to_owned()).or_default() += 1;
            self.doubt = Doubt::EVERYTHING;
        }
    }

    /// What a message says; `None` when it is about something that is not modelled.
    fn decode(&mut self, message: &socket::Message<'_>) -> Result<Option<News>, DecodeError> {
        match self.decode_modelled(message) {
            Err(DecodeError::OtherFamily(_)) => Ok(None),
            other => other,
        }
    }

    fn decode_modelled(&mut self, message: &socket::Message<'_>) -> Result<Option<News>, DecodeError> {
        let payload = message.payload;
        let news = match message.kind {
            // Bridges speak of their ports with AF_BRIDGE, IPv6 of its own side of a link with
            // AF_INET6; the link itself is told with AF_UNSPEC.
            libc::RTM_NEWLINK | libc::RTM_DELLINK if payload.first() != Some(&0) => return Ok(None),
            libc::RTM_NEWLINK if is_about_radio(payload) => return Ok(None),
            libc::RTM_NEWLINK => News::Link(self.named_link(decode::link::decode(payload)?)),
            libc::RTM_DELLINK => News::LinkGone(self.named_link(decode::link::decode(payload)?)),
            kind @ (libc::RTM_NEWADDR | libc::RTM_DELADDR) => {
                let mut address = decode::address::decode(payload)?;
                address.link = self.name(Some(address.link_index));
                if kind == libc::RTM_NEWADDR { News::Address(address) } else { News::AddressGone(address) }
            }
            kind @ (libc::RTM_NEWROUTE | libc::RTM_DELROUTE) => {
                let route = self.reader.decode_route(payload)?;
                if route.flags.contains(RouteFlags::CLONED) {
                    return Ok(None);
                }
                let replaces = message.flags & NLM_F_REPLACE != 0;
                match kind {
                    libc::RTM_NEWROUTE => News::Route { route, replaces },
                    _ => News::RouteGone(route),
                }
            }
            libc::RTM_NEWRULE => News::Rule(decode::rule::decode(payload)?),
            libc::RTM_DELRULE => News::RuleGone(decode::rule::decode(payload)?),
            kind @ (libc::RTM_NEWNEIGH | libc::RTM_DELNEIGH) => {
                let mut neighbor = decode::neighbor::decode(payload)?;
                neighbor.link = self.name(Some(neighbor.link_index));
                if kind == libc::RTM_NEWNEIGH {
                    News::Neighbor(neighbor)
                } else {
                    News::NeighborGone(neighbor)
                }
            }
            kind @ (RTM_NEWNEXTHOP | RTM_DELNEXTHOP) => {
                let mut nexthop = decode::nexthop::decode(payload)?;
                nexthop.link = self.name(nexthop.link_index);
                if kind == RTM_NEWNEXTHOP { News::NextHop(nexthop) } else { News::NextHopGone(nexthop) }
            }
            RTM_NEWNETCONF | RTM_DELNETCONF => News::Switches,
            RTM_NEWPREFIX => News::RouterAdvertisement,
            _ => return Ok(None),
        };
        Ok(Some(news))
    }

    fn name(&self, index: Option<u32>) -> Option<LinkName> {
        index.and_then(|index| self.names.get(&index).cloned())
    }

    fn named_link(&self, mut link: Link) -> Link {
        link.master = self.name(link.master_index);
        link.peer = if link.peer_namespace_id.is_some() { None } else { self.name(link.peer_index) };
        link.generation = self.generation(link.index);
        link
    }

    pub(super) fn generation(&self, index: u32) -> u32 {
        self.generations.get(&index).copied().unwrap_or_default()
    }

    /// Keeps names and generations in step with what was told.
    fn note_link(&mut self, news: &News) {
        match news {
            News::Link(link) => {
                self.names.insert(link.index, link.name.clone());
                self.reader.set_name(link.index, Some(link.name.clone()));
            }
            News::LinkGone(link) => {
                self.link_gone(link.index);
                self.reader.set_name(link.index, None);
            }
            _ => {}
        }
    }

    /// The next link of this index is another one.
    fn link_gone(&mut self, index: u32) {
        if self.names.remove(&index).is_some() {
            *self.generations.entry(index).or_default() += 1;
        }
    }

    fn requester(&mut self, port: u32) -> Option<Process> {
        if port == 0 {
            return None;
        }
        self.requesters.entry(port).or_insert_with(|| Processes::of_system().of_port(port).found).clone()
    }
}

/// Whether a message tells of a scan or the like: wireless drivers send the name of the link and
/// IFLA_WIRELESS, and nothing of the link itself (`rtnetlink_ifinfo_prep` in
/// `net/wireless/wext-core.c`).
fn is_about_radio(payload: &[u8]) -> bool {
    let chain = payload.get(IFINFOMSG..).unwrap_or_default();
    attributes(chain).any(|(kind, _)| kind == IFLA_WIRELESS)
}
