//! Tests of reading and writing snapshot files.

use proptest::prelude::*;

use std::fs;
use std::io::{self, Write as _};

use super::file::replace_file;
use super::read::read_up_to;
use super::*;
use crate::error::ErrorKind;
use crate::error::chain;
use crate::snapshot::{Snapshot, arbitrary};

fn bytes(snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(snapshot, &mut bytes).unwrap();
    bytes
}

fn small() -> Snapshot {
    let text = br#"{
  "format": "netdiag.snapshot/1",
  "taken_at": "2026-11-24T10:00:00Z",
  "host": {"name": "a", "system": "linux", "release": "6.18"},
  "routes": [
    {"destination": "192.0.2.0/24", "table": 254, "kind": "unicast", "protocol": "static", "scope": "global"}
  ]
}"#;
    read(&text[..], "small").unwrap()
}

/// The error that reading gives, and its kind.
fn refusal(bytes: &[u8]) -> (ErrorKind, String) {
    let error = read(bytes, "x.json").unwrap_err();
    (error.kind(), chain(&error))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_was_written_reads_back_as_it_was(snapshot in arbitrary::snapshot()) {
        let written = bytes(&snapshot);
        let again = read(&written[..], "x").unwrap();
        prop_assert_eq!(&again, &snapshot);
        prop_assert_eq!(bytes(&again), written);
    }

    #[test]
    fn the_file_holds_what_serde_makes_of_the_snapshot(snapshot in arbitrary::snapshot()) {
        let mut ours: serde_json::Value = serde_json::from_slice(&bytes(&snapshot)).unwrap();
        let format = ours.as_object_mut().unwrap().remove("format");
        prop_assert_eq!(format, Some(SNAPSHOT_FORMAT.into()));
        prop_assert_eq!(ours, serde_json::to_value(&snapshot).unwrap());
    }

    #[test]
    fn nothing_in_the_file_can_reach_a_terminal(snapshot in arbitrary::snapshot()) {
        let written = String::from_utf8(bytes(&snapshot)).unwrap();
        prop_assert!(!written.chars().any(|c| c != '\n' && crate::model::is_hostile(c)));
    }

    #[test]
    fn a_file_that_ends_early_is_refused_wherever_it_ends(
        snapshot in arbitrary::snapshot(),
        cut in any::<prop::sample::Index>(),
    ) {
        let written = bytes(&snapshot);
        // Without its last two bytes, `}` and the line's end, it is already incomplete.
        let cut = 1 + cut.index(written.len() - 2);
        let (kind, text) = refusal(&written[..cut]);
        prop_assert_eq!(kind, ErrorKind::BadInput);
        prop_assert!(text.contains("truncated"), "{text}");

        let packed = zstd::encode_all(&written[..], 1).unwrap();
        let cut = 4 + (cut % (packed.len() - 4));
        let (kind, text) = refusal(&packed[..cut]);
        prop_assert_eq!(kind, ErrorKind::BadInput);
        prop_assert!(text.contains("truncated"), "{text}");
    }

    #[test]
    fn no_disturbed_file_panics(
        snapshot in arbitrary::snapshot(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        is_packed in any::<bool>(),
    ) {
        let mut written = bytes(&snapshot);
        if is_packed {
            written = zstd::encode_all(&written[..], 1).unwrap();
        }
        for (place, byte) in places {
            let place = place.index(written.len());
            written[place] = byte;
        }
        let _ = read(&written[..], "x");
    }
}

#[test]
fn every_row_stands_on_its_own_line() {
    assert_eq!(
        String::from_utf8(bytes(&small())).unwrap(),
        r#"{
  "format": "netdiag.snapshot/1",
  "taken_at": "2026-11-24T10:00:00Z",
  "host": {"name":"a","system":"linux","release":"6.18"},
  "capabilities": {},
  "links": [],
  "addresses": [],
  "routes": [
    {"destination":"192.0.2.0/24","table":254,"kind":"unicast","protocol":"static","scope":"global"}
  ],
  "rules": [],
  "neighbors": [],
  "nexthops": [],
  "address_labels": [],
  "resolver": {},
  "sysctls": {},
  "problems": []
}
"#
    );
}

#[test]
fn every_wrong_file_gets_one_clear_error() {
    let cases: [(&[u8], ErrorKind, &str); 10] = [
        (b"", ErrorKind::BadInput, "it is empty"),
        (
            b"\x7fELF\x02\x01",
            ErrorKind::BadInput,
            "not a netdiag file: line 1, column 1: expected JSON with \"format\": \"netdiag.snapshot/1\"",
        ),
        (
            b"[{\"ifindex\":1}]",
            ErrorKind::BadInput,
            "not a netdiag file: line 1, column 1: expected JSON with \"format\": \"netdiag.snapshot/1\"",
        ),
        (
            b"{\"links\": 5}",
            ErrorKind::BadInput,
            "not a netdiag file: line 1, column 12: expected JSON with \"format\": \"netdiag.snapshot/1\"",
        ),
        (
            b"{\"a\": 5}",
            ErrorKind::BadInput,
            "not a netdiag file: line 1, column 8: expected JSON with \"format\": \"netdiag.snapshot/1\"",
        ),
        (
            b"{\"format\": \"netdiag.snapshot/7\", \"links\": {}}",
            ErrorKind::TooNew,
            "format netdiag.snapshot/7 is newer than this netdiag reads (netdiag.snapshot/1)",
        ),
        (
            b"{\"format\": \"netdiag.diff/1\"}",
            ErrorKind::BadInput,
            "it is a netdiag.diff/1, and a netdiag.snapshot/1 is wanted",
        ),
        (
            b"{\"format\": \"netdiag.snapshot/1\",\n \"links\": [{\"index\": \"x\"}]}",
            ErrorKind::BadInput,
            "line 2, column 24: invalid type: string \"x\", expected u32",
        ),
        (
            b"{\"format\": \"netdiag.snapshot/1\"}",
            ErrorKind::BadInput,
            "line 1, column 32: missing field `taken_at`",
        ),
        (b"{\"format\": \"netd", ErrorKind::BadInput, "line 1, column 16: truncated: it ends too early"),
    ];
    for (bytes, kind, text) in cases {
        assert_eq!(refusal(bytes), (kind, format!("cannot read x.json: {text}")));
    }
}

#[test]
fn a_damaged_compressed_file_says_so() {
    let mut packed = zstd::encode_all(&bytes(&small())[..], 1).unwrap();
    packed[4] ^= 0xff;
    let (kind, text) = refusal(&packed);
    assert_eq!(kind, ErrorKind::BadInput);
    assert!(text.starts_with("cannot read x.json: the compressed data is damaged"), "{text}");
}

#[test]
fn more_data_than_is_read_is_refused_not_stored() {
    // A megabyte of spaces in a few bytes.
    let bomb = zstd::encode_all(&vec![b' '; 1 << 20][..], 19).unwrap();
    assert!(bomb.len() < 1000);
    let error = read_up_to(&bomb[..], "x.json.zst", 1 << 16).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert!(chain(&error).contains("more than this program reads"), "{}", chain(&error));
}

#[test]
fn unknown_keys_and_unsorted_rows_of_a_hand_edited_file_are_accepted() {
    let route = |destination: &str| {
        format!(
            r#"{{"future":[1],"table":254,"kind":"unicast","protocol":"static","scope":"global","destination":"{destination}"}}"#
        )
    };
    let text = format!(
        r#"{{"taken_at":"2026-11-24T10:00:00Z","host":{{"name":"a","system":"linux","release":""}},"new":{{}},
        "routes":[{},{},{}],"format":"netdiag.snapshot/1"}}"#,
        route("198.51.100.0/24"),
        route("192.0.2.0/24"),
        route("192.0.2.0/24"),
    );
    let snapshot = read(text.as_bytes(), "x").unwrap();
    let destinations: Vec<_> = snapshot.routes().iter().map(|route| route.destination.to_string()).collect();
    assert_eq!(destinations, ["192.0.2.0/24", "192.0.2.0/24", "198.51.100.0/24"]);
}

#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base.json");
    fs::write(&path, "old").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let link = folder.path().join("link.json.zst");
    #[cfg(unix)]
    std::os::unix::fs::symlink("base.json", &link).unwrap();
    write_file(&small(), &link).unwrap();
    assert_eq!(fs::read(&path).unwrap()[..4], ZSTD_MAGIC);
    assert_eq!(read_file(&path).unwrap(), small());
    write_file(&small(), &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes(&small()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left");
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base.json");
    fs::write(&path, "old").unwrap();
    let result = replace_file(&path, |file| {
        file.write_all(b"half")?;
        Err(io::Error::other("the disk is full"))
    });
    assert_eq!(result.unwrap_err().to_string(), "the disk is full");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_that_cannot_be_opened_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no.json");
    let error = read_file(&missing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(chain(&error).starts_with(&format!("cannot read {}: ", missing.display())));
    let error = read_file(folder.path()).unwrap_err();
    assert!(chain(&error).contains("directory"), "{}", chain(&error));
    let error = write_file(&small(), missing.join("deeper")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
