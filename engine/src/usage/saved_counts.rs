//! Counts in a form that can be kept and gone on with: compact as JSON, exact to the last digit.
//!
//! Never says how something is counted, only by which meters; whoever goes on must have those.

use serde::{Deserialize, Serialize};

use super::counter::SavedCounter;
use super::span::Span;

/// What [`super::Metering::save`] gives and [`super::Metering::resume`] takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCounts {
    /// The fingerprint of the meters.
    #[serde(rename = "f")]
    pub(super) meters: String,
    #[serde(rename = "p")]
    pub(super) span: Span,
    /// Of the meters that have counted something.
    #[serde(rename = "m")]
    pub(super) counters: Vec<SavedCounter>,
}

impl SavedCounts {
    /// The fingerprint of the meters that counted; see [`super::Meters::fingerprint`].
    pub fn meters(&self) -> &str {
        &self.meters
    }

    /// The stretch of time that was counted.
    pub fn span(&self) -> Span {
        self.span
    }
}
