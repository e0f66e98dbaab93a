//! Arbitrary and damaged bytes: every decoder is total.

use proptest::prelude::*;

use super::*;

fn decode_as_everything(payload: &[u8]) {
    let _ = link::decode(payload);
    let _ = address::decode(payload);
    let _ = route::decode(payload);
    let _ = rule::decode(payload);
    let _ = neighbor::decode(payload);
    let _ = address_label::decode(payload);
    let _ = nexthop::decode(payload);
}

fn captures() -> Vec<Vec<u8>> {
    let lines = include_str!("captures.txt").lines();
    let payloads = lines.filter_map(|line| line.split_once(' ')?.1.parse::<HexBytes>().ok());
    let captures: Vec<Vec<u8>> =
        payloads.map(|bytes| bytes.0.into_vec()).filter(|bytes| !bytes.is_empty()).collect();
    assert!(captures.len() > 40, "{}", captures.len());
    captures
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(payload in proptest::collection::vec(any::<u8>(), 0..400)) {
        decode_as_everything(&payload);
    }

    #[test]
    fn damaged_messages_never_panic(
        which in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let captures = captures();
        let mut payload = which.get(&captures).clone();
        for (at, byte) in damage {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        if is_cut {
            payload.truncate(cut.index(payload.len()));
        }
        decode_as_everything(&payload);
    }
}

#[test]
fn messages_cut_anywhere_never_panic() {
    for payload in captures() {
        for length in 0..payload.len() {
            decode_as_everything(&payload[..length]);
        }
    }
}
