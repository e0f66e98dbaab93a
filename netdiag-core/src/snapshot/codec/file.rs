//! Snapshot files: found complete or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{read, write};
use crate::error::Error;
use crate::snapshot::Snapshot;

/// Writes a snapshot to a file, through zstd when the name ends in `.zst`.
///
/// The file appears complete or not at all: it is written beside its place, synced, and moved
/// there. A file that was there before keeps its permissions, and is untouched on failure. What
/// is not a regular file (`/dev/stdout`, a pipe) is written directly.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_file(snapshot: &Snapshot, path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let is_compressed = path.extension().is_some_and(|extension| extension == "zst");
    replace_file(path, |file| {
        let mut file = BufWriter::with_capacity(1 << 16, file);
        if is_compressed {
            let mut encoder = zstd::Encoder::new(&mut file, 3)?;
            encoder.include_checksum(true)?;
            write(snapshot, BufWriter::with_capacity(1 << 16, &mut encoder))?;
            encoder.finish()?;
        } else {
            write(snapshot, &mut file)?;
        }
        file.flush()
    })
    .map_err(|cause| Error::system(format!("write {}", path.display()), cause))
}

/// Puts a complete file in the place of `path`.
pub(super) fn replace_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    // A symbolic link stays; the file it leads to is replaced.
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
        Err(error) => return Err(error),
    };
    let existing = match fs::metadata(&target) {
        Ok(metadata) if !metadata.is_file() => {
            return write(&mut File::options().write(true).open(&target)?);
        }
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mut file, mut temporary) = temporary_beside(folder, &target)?;
    if let Some(existing) = existing {
        file.set_permissions(existing.permissions())?;
    }
    write(&mut file)?;
    file.sync_all()?;
    fs::rename(&temporary.0, &target)?;
    temporary.0 = PathBuf::new();
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot sync a folder.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        // A folder that may be written to but not read: the file is in its place all the same.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

fn temporary_beside(folder: &Path, target: &Path) -> io::Result<(File, Temporary)> {
    let name = target
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it is not the name of a file"))?;
    for number in 0..100 {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}.tmp", std::process::id()));
        let path = folder.join(hidden);
        match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, Temporary(path))),
            // Left by a process of this number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many temporary files of earlier runs beside it"))
}

/// A temporary file that goes when it was not moved to its place (the path is then empty).
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // Nothing more can be done about it, and the error that led here is the one to tell.
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Reads a snapshot from a file, compressed or not.
///
/// # Errors
///
/// When the file cannot be read or is not a snapshot; says which and where.
pub fn read_file(path: impl AsRef<Path>) -> Result<Snapshot, Error> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let file = File::open(path).map_err(|cause| Error::system(format!("read {name}"), cause))?;
    read(file, &name)
}
