//! The resolver's configuration: which names are answered by whom, in which order.
//!
//! Every line keeps the number it has in its file, so that an answer can point at it. Lines that
//! mean nothing to their reader are kept as [`UnknownLine`]s.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LinkName;

/// The files and services that answer names on a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverConfig {
    /// `/etc/resolv.conf` (resolv.conf(5)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolv_conf: Option<ResolvConf>,
    /// `/etc/hosts` (hosts(5)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<HostsFile>,
    /// `/etc/nsswitch.conf` (nsswitch.conf(5)), the `hosts` line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nsswitch: Option<Nsswitch>,
    /// `/etc/gai.conf` (gai.conf(5)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gai_conf: Option<GaiConf>,
    /// systemd-resolved's view of each link, where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// `/etc/resolv.conf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvConf {
    /// The file that was read.
    pub path: String,
    /// Where it leads when it is a symbolic link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Name servers in the order they are asked. glibc uses the first three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nameservers: Vec<NameServer>,
    /// Domains that are tried behind a short name (`search`, or `domain`), the last line counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
    /// Line of that list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_line: Option<u32>,
    /// `options`, in order, such as `ndots:2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// `sortlist` entries as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sortlist: Vec<String>,
    /// Lines without a meaning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownLine>,
}

/// A name server and where it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameServer {
    /// Its address.
    pub address: IpAddr,
    /// The zone of a link-local address (RFC 4007 section 11), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Line in the file, from 1; absent when it does not come from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// `/etc/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostsFile {
    /// The file that was read.
    pub path: String,
    /// Its entries, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<HostsEntry>,
    /// Lines without a meaning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownLine>,
}

/// One line of `/etc/hosts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostsEntry {
    /// Line in the file, from 1.
    pub line: u32,
    /// The address.
    pub address: IpAddr,
    /// The zone of a link-local address, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its names, the canonical one first.
    pub names: Vec<String>,
}

/// The `hosts` line of `/etc/nsswitch.conf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nsswitch {
    /// The file that was read.
    pub path: String,
    /// Line of `hosts:`, from 1; absent when there is none and the built-in order holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Services in the order they are asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<NameService>,
    /// Lines without a meaning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownLine>,
}

/// One service of the `hosts` line, with the actions written behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameService {
    /// `files`, `dns`, `resolve`, `mdns4_minimal` …
    pub name: String,
    /// The actions in brackets, as written: `!UNAVAIL=return`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}

/// `/etc/gai.conf`, as glibc reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GaiConf {
    /// The file that was read.
    pub path: String,
    /// `label` lines. One line replaces glibc's whole built-in label table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<GaiEntry>,
    /// `precedence` lines. One line replaces glibc's whole built-in precedence table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub precedences: Vec<GaiEntry>,
    /// `scopev4` lines. One line replaces glibc's whole built-in scope table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_v4: Vec<GaiEntry>,
    /// `reload yes`: programs notice a changed file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reload: bool,
    /// Lines that glibc silently ignores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownLine>,
}

/// One active line of `/etc/gai.conf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GaiEntry {
    /// Line in the file, from 1.
    pub line: u32,
    /// The addresses it is for.
    #[schemars(with = "String")]
    pub prefix: IpNet,
    /// The label, precedence or scope.
    pub value: u32,
}

/// A line that means nothing to the program that reads the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownLine {
    /// Line in the file, from 1.
    pub line: u32,
    /// Its text as read; not for printing unescaped.
    pub text: String,
    /// Why it means nothing, in one clause.
    pub because: String,
}

/// systemd-resolved's configuration, global and per link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    /// How it was read: `dbus`, or the folder of its state files.
    pub read_from: String,
    /// Servers for names that no link claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nameservers: Vec<NameServer>,
    /// Domains for those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<ResolvedDomain>,
    /// Links with a configuration of their own, sorted by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<ResolvedLink>,
}

/// One link of systemd-resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedLink {
    /// The link's index.
    pub link_index: u32,
    /// The link's name; absent when the link was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Its servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nameservers: Vec<NameServer>,
    /// Its domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<ResolvedDomain>,
    /// Whether names that no domain claims may be asked here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_route: Option<bool>,
}

/// A domain of systemd-resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedDomain {
    /// The domain.
    pub name: String,
    /// Only says which names are asked here (`~example.net`); it is not tried behind short names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub routing_only: bool,
}
