//! `netdiag schema`: the JSON Schema of a kind of document.

use super::args::SchemaArgs;
use super::complain::Failure;
use super::{Outcome, print};

pub(super) fn run(args: &SchemaArgs) -> Result<Outcome, Failure> {
    // The arguments were checked against the same list.
    let Some(schema) = netdiag_core::schema::schema(&args.kind) else {
        return Err(Failure::usage(format!("there is no schema of {}", args.kind)));
    };
    print(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        out.write_all(b"\n")
    })?;
    Ok(Outcome::Done)
}
