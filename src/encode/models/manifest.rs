//! The manifest: every model Lookalike knows without being told, read from `assets/models.ron`, which is compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

use super::ModelEntry;

/// Known models, in the order pickers show them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models.
    pub models: Vec<ModelEntry>,
}

static BUILT_IN: LazyLock<Manifest> = LazyLock::new(|| {
    // A test parses the same text, so that a program with a broken one is never released.
    Manifest::parse(include_str!("../../../assets/models.ron")).unwrap_or_default()
});

impl Manifest {
    /// The models Lookalike comes with.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// Where it is no manifest, or an entry contradicts itself, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = ron::from_str(text).map_err(|error| error.to_string())?;
        let mut seen = std::collections::HashSet::new();
        for entry in &manifest.models {
            entry.check().map_err(|reason| format!("model `{}`: {reason}", entry.id))?;
            if !seen.insert(&entry.id) {
                return Err(format!("model `{}` stands twice", entry.id));
            }
        }
        Ok(manifest)
    }

    /// The model with this id.
    pub fn find(&self, id: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|entry| entry.id == id)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_manifest_is_in_order() {
        let manifest = Manifest::parse(include_str!("../../../assets/models.ron")).unwrap();
        assert_eq!(&manifest, Manifest::built_in());
        assert_eq!(manifest.find("all-MiniLM-L6-v2").map(|entry| entry.width), Some(384));
        assert_eq!(manifest.find("nothing"), None);
    }

    fn check(from: &str, to: &str, expected: &str) {
        let good = r#"#![enable(implicit_some)]
            (models: [(id: "a", label: "A", summary: "s", modality: Image, architecture: "x", licence: "MIT", width: 3,
            source: (repository: "o/n", revision: "main"), files: [(name: "model.safetensors")])])"#;
        assert!(Manifest::parse(good).is_ok());
        let message = Manifest::parse(&good.replacen(from, to, 1)).unwrap_err();
        assert!(message.contains(expected), "{from} -> {to}: {message}");
    }

    #[test]
    fn a_broken_manifest_says_what_is_wrong() {
        check("width: 3", "width: 0", "width");
        check("id: \"a\"", "id: \"../a\"", "id");
        check("model.safetensors", "../model.safetensors", "file name");
        check("model.safetensors", "/etc/model.safetensors", "file name");
        check("\"model.safetensors\"", "\"pytorch_model.bin\"", "safetensors");
        check("[(name: \"model.safetensors\")]", "[]", "files");
        check("\"o/n\"", "\"o/n/../x\"", "repository");
        check("\"main\"", "\"\"", "revision");
        check("label", "lable", "lable");
        check(
            "(models: [",
            "(models: [(id: \"a\", label: \"A\", summary: \"s\", modality: Image, architecture: \"x\", licence: \"MIT\", width: 3, files: [(name: \"w.safetensors\")]), ",
            "twice",
        );
    }
}
