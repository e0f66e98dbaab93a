//! The one error type of this crate.

use std::fmt;

/// What kind of trouble an [`Error`] is, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file or namespace does not exist (any more).
    NotFound,
    /// The system refused.
    PermissionDenied,
    /// A file, or text given by the user, is not what it should be.
    BadInput,
    /// A file is of a later format than this version reads.
    TooNew,
    /// The system does not offer what is needed.
    Unsupported,
    /// Anything else the system reported.
    System,
}

/// `cannot <verb> <noun>: <cause>`, with the cause as [`std::error::Error::source`].
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of an operation, named as in `read snapshot base.json`.
    pub fn new(
        kind: ErrorKind,
        operation: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, operation: operation.into(), cause: Some(cause.into()) }
    }

    /// An error of the system; the kind follows from the cause.
    pub fn system(operation: impl Into<String>, cause: std::io::Error) -> Self {
        let kind = match cause.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            std::io::ErrorKind::Unsupported => ErrorKind::Unsupported,
            _ => ErrorKind::System,
        };
        Self::new(kind, operation, cause)
    }

    /// What kind of trouble it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", crate::model::escape(&self.operation))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

/// The whole chain on one line: `cannot read base.json: line 3: expected a number`.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&crate::model::escape(&cause.to_string()));
        next = cause.source();
    }
    text
}
