//! The `hosts` line of `/etc/nsswitch.conf`, as glibc 2.33 and later read it:
//! `nss/nss_database.c` (`process_line`) and `nss/nss_action_parse.c`.
//!
//! Checked against glibc 2.36: the last `hosts` line counts; a `#` behind the services is a service
//! too (one that does not exist, so it changes nothing); a `[` without a service before it ends the
//! line. **A syntax error in the line of any database makes every look-up of every database fail**,
//! so then no service is left here. musl does not read this file.

use super::lines::{before, is_space, lines, skip, unknown};
use crate::model::{NameService, Nsswitch, text_from_bytes};

/// glibc's databases (`nss/databases.def`). Lines of others are for other programs.
const DATABASES: [&[u8]; 17] = [
    b"aliases",
    b"ethers",
    b"group",
    b"group_compat",
    b"gshadow",
    b"hosts",
    b"initgroups",
    b"netgroup",
    b"networks",
    b"passwd",
    b"passwd_compat",
    b"protocols",
    b"publickey",
    b"rpc",
    b"services",
    b"shadow",
    b"shadow_compat",
];

/// Why a line of services is not one.
enum Trouble {
    /// glibc stops reading the line, and uses what it has.
    Ignored(&'static str),
    /// glibc refuses the whole file.
    Syntax(&'static str),
}

/// Reads the text of an nsswitch.conf.
pub(super) fn parse(bytes: &[u8], path: &str) -> Nsswitch {
    let mut file = Nsswitch { path: path.into(), ..Nsswitch::default() };
    let mut text_of_hosts: &[u8] = b"";
    for (number, line) in lines(bytes) {
        let start = skip(line, is_space);
        let name = before(start, |byte| is_space(byte) || byte == b':');
        let rest = start.get(name.len()..).unwrap_or_default();
        if name.is_empty() || rest.is_empty() || !DATABASES.contains(&name) {
            if name.eq_ignore_ascii_case(b"hosts") {
                file.unknown.push(unknown(
                    number,
                    line,
                    "the database is written `hosts`, with its services behind it",
                ));
            }
            continue;
        }
        let (services, trouble) = services(skip(rest, |byte| is_space(byte) || byte == b':'));
        let is_hosts = name == b"hosts";
        if is_hosts {
            if let Some(replaced) = file.line.replace(number) {
                file.unknown.push(unknown(replaced, text_of_hosts, format!("line {number} replaces it")));
            }
            text_of_hosts = line;
            file.hosts = services;
        }
        match trouble {
            Some(Trouble::Ignored(because)) if is_hosts => {
                file.unknown.push(unknown(number, line, because));
            }
            Some(Trouble::Syntax(because)) => {
                file.unknown.push(unknown(
                    number,
                    line,
                    format!("{because}, so glibc looks up no name at all"),
                ));
                file.line = file.line.or(Some(number));
                file.hosts.clear();
                break;
            }
            _ => {}
        }
    }
    file.unknown.sort_by_key(|line| line.line);
    file
}

/// The services of a line, up to the first trouble (`nss_action_parse`).
fn services(mut line: &[u8]) -> (Vec<NameService>, Option<Trouble>) {
    let mut services = Vec::new();
    loop {
        line = skip(line, is_space);
        if line.is_empty() {
            return (services, None);
        }
        let name = before(line, |byte| is_space(byte) || byte == b'[');
        if name.is_empty() {
            let because = "it ends for glibc at a `[` that has no service before it";
            return (services, Some(Trouble::Ignored(because)));
        }
        line = skip(line.get(name.len()..).unwrap_or_default(), is_space);
        let mut actions = Vec::new();
        if let Some(inside) = line.strip_prefix(b"[") {
            line = skip(inside, is_space);
            loop {
                match action(line) {
                    Ok((action, rest)) => {
                        actions.push(action);
                        line = skip(rest, is_space);
                    }
                    Err(because) => return (services, Some(Trouble::Syntax(because))),
                }
                if let Some(rest) = line.strip_prefix(b"]") {
                    line = rest;
                    break;
                }
            }
        }
        services.push(NameService { name: text_from_bytes(name), actions });
    }
}

/// One `[!]STATUS=ACTION`, and what follows it.
fn action(line: &[u8]) -> Result<(String, &[u8]), &'static str> {
    let is_end = |byte: u8| is_space(byte) || matches!(byte, b'=' | b']');
    let is_one_of =
        |word: &[u8], words: &[&str]| words.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(word));
    let (not, line) = line.strip_prefix(b"!").map_or(("", line), |line| ("!", line));
    let status = before(line, is_end);
    if !is_one_of(status, &["SUCCESS", "NOTFOUND", "UNAVAIL", "TRYAGAIN"]) {
        return Err("a syntax error: a status in brackets is none of SUCCESS, NOTFOUND, UNAVAIL, TRYAGAIN");
    }
    let rest = skip(line.get(status.len()..).unwrap_or_default(), is_space);
    let rest =
        skip(rest.strip_prefix(b"=").ok_or("a syntax error: no `=` follows a status in brackets")?, is_space);
    let action = before(rest, is_end);
    if !is_one_of(action, &["RETURN", "CONTINUE", "MERGE"]) {
        return Err("a syntax error: an action in brackets is none of return, continue, merge");
    }
    let text = format!("{not}{}={}", text_from_bytes(status), text_from_bytes(action));
    Ok((text, rest.get(action.len()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Nsswitch {
        parse(text, "/etc/nsswitch.conf")
    }

    fn services(file: &Nsswitch) -> String {
        let one = |s: &NameService| match s.actions.as_slice() {
            [] => s.name.clone(),
            actions => format!("{} [{}]", s.name, actions.join(" ")),
        };
        file.hosts.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn services_are_kept_in_order_with_their_actions() {
        let file = read(
            b"# x\npasswd: files systemd\n hosts : files mdns4_minimal [NOTFOUND=return] resolve [ !unavail = return\tSUCCESS=continue ]dns\nsudoers: [x\n",
        );
        assert_eq!(
            services(&file),
            "files mdns4_minimal [NOTFOUND=return] resolve [!unavail=return SUCCESS=continue] dns"
        );
        assert_eq!((file.line, file.unknown), (Some(3), vec![]));
    }

    #[test]
    fn without_a_hosts_line_there_is_no_line() {
        assert_eq!(read(b"passwd: files\n").line, None);
        let file = read(b"HOSTS: files\nhosts");
        assert_eq!((file.line, file.unknown.len()), (None, 2));
    }

    #[test]
    fn the_last_hosts_line_counts() {
        let file = read(b"hosts: files\nhosts: dns\n");
        assert_eq!((services(&file).as_str(), file.line), ("dns", Some(2)));
        assert_eq!((file.unknown[0].line, file.unknown[0].because.as_str()), (1, "line 2 replaces it"));
        assert_eq!(file.unknown[0].text, "hosts: files");
    }

    #[test]
    fn a_bracket_without_a_service_ends_the_line() {
        let file = read(b"hosts: dns [NOTFOUND=return] [SUCCESS=return] files\n");
        assert_eq!(services(&file), "dns [NOTFOUND=return]");
        assert_eq!(file.unknown.len(), 1);
    }

    #[test]
    fn a_comment_behind_the_services_is_read_as_services() {
        assert_eq!(services(&read(b"hosts: files # dns\n")), "files # dns");
    }

    #[test]
    fn a_syntax_error_of_any_database_leaves_no_service() {
        for text in [
            &b"hosts: files []\n"[..],
            b"hosts: files [ ! NOTFOUND = return ]\n",
            b"hosts: files [NOTFOUND=return\n",
            b"hosts: files [NOTFOUND return]\n",
            b"hosts: files [NOTFOUND=stop]\n",
            b"hosts: files\npasswd: files [x=y]\nhosts: dns\n",
        ] {
            let file = read(text);
            assert_eq!((file.hosts.len(), file.line), (0, Some(1)), "{file:?}");
            assert!(file.unknown[0].because.ends_with("so glibc looks up no name at all"), "{file:?}");
        }
    }
}
