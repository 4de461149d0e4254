//! SentencePiece models as Marian's translators use them: text is normalised by the file's own table, then split into
//! the pieces whose summed scores are greatest. Kudo and Richardson, "SentencePiece", EMNLP 2018; Kudo, "Subword
//! Regularization", ACL 2018, for the unigram model. Reads the unigram kind only.

use std::collections::HashMap;

use super::protobuf::{Fields, Value};

/// Stands for a space within pieces.
pub(super) const SPACE: char = '\u{2581}';
/// How much worse than the worst piece an unknown character is.
const UNKNOWN_PENALTY: f32 = 10.0;

/// An opened model.
#[derive(Debug)]
pub(super) struct SentencePiece {
    /// Scores of the pieces a text may be split into; `None` for those that are never used.
    scores: HashMap<Box<str>, Option<f32>>,
    longest_piece: usize,
    unknown_score: f32,
    normaliser: Normaliser,
}

/// Kinds of piece, as the file numbers them.
mod kind {
    pub(super) const NORMAL: u64 = 1;
    pub(super) const USER_DEFINED: u64 = 4;
    pub(super) const UNUSED: u64 = 5;
}

/// What the file's trainer was told; only the kind of model matters.
const UNIGRAM: u64 = 1;

impl SentencePiece {
    /// Reads a .spm or .model file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut pieces: Vec<(Box<str>, f32, u64)> = Vec::new();
        let mut normaliser = Normaliser::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, Value::Bytes(piece)) => pieces.push(read_piece(piece)?),
                (2, Value::Bytes(trainer)) => check_kind(trainer)?,
                (3, Value::Bytes(spec)) => normaliser = Normaliser::read(spec)?,
                _ => {}
            }
        }
        let normal = || pieces.iter().filter(|piece| piece.2 == kind::NORMAL).map(|piece| piece.1);
        let (least, greatest) = normal()
            .fold((f32::MAX, f32::MIN), |(least, greatest), score| (least.min(score), greatest.max(score)));
        if normal().next().is_none() {
            return Err("it has no pieces".to_owned());
        }
        let mut scores = HashMap::with_capacity(pieces.len());
        let mut longest_piece = 0;
        for (piece, score, kind) in pieces {
            let length = piece.chars().count();
            let score = match kind {
                kind::NORMAL => Some(score),
                // Pieces the trainer was given are preferred to any split of them.
                kind::USER_DEFINED => Some(length as f32 * greatest - 0.1),
                kind::UNUSED => None,
                _ => continue,
            };
            longest_piece = longest_piece.max(length);
            scores.entry(piece).or_insert(score);
        }
        Ok(Self { scores, longest_piece, unknown_score: least - UNKNOWN_PENALTY, normaliser })
    }

    /// The pieces of a text, spaces as [`SPACE`]; neighbouring characters that no piece has are one.
    pub(super) fn pieces(&self, text: &str) -> Vec<String> {
        let text = self.normaliser.normalise(text);
        let mut pieces: Vec<String> = Vec::new();
        let mut follows_unknown = false;
        for (piece, is_known) in self.split(&text) {
            match pieces.last_mut() {
                Some(last) if follows_unknown && !is_known => last.push_str(piece),
                _ => pieces.push(piece.to_owned()),
            }
            follows_unknown = !is_known;
        }
        pieces
    }

    /// The best split, with whether each part is a piece (Viterbi, as SentencePiece's own in f32).
    fn split<'a>(&self, text: &'a str) -> Vec<(&'a str, bool)> {
        struct Node {
            start: usize,
            score: f32,
            is_known: bool,
        }
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut nodes: Vec<Option<Node>> = starts.iter().map(|_| None).collect();
        let n_characters = starts.len() - 1;
        for start in 0..n_characters {
            let so_far = match nodes.get(start) {
                Some(Some(node)) => node.score,
                _ => 0.0,
            };
            let mut has_single = false;
            for end in start + 1..=n_characters.min(start + self.longest_piece) {
                let Some(&Some(score)) = self.scores.get(&text[starts[start]..starts[end]]) else { continue };
                has_single |= end == start + 1;
                let score = score + so_far;
                if nodes[end].as_ref().is_none_or(|best| score > best.score) {
                    nodes[end] = Some(Node { start, score, is_known: true });
                }
            }
            if !has_single {
                let score = self.unknown_score + so_far;
                if nodes[start + 1].as_ref().is_none_or(|best| score > best.score) {
                    nodes[start + 1] = Some(Node { start, score, is_known: false });
                }
            }
        }
        let mut parts = Vec::new();
        let mut end = n_characters;
        while let Some(Some(node)) = nodes.get(end) {
            parts.push((&text[starts[node.start]..starts[end]], node.is_known));
            end = node.start;
        }
        parts.reverse();
        parts
    }
}

fn read_piece(message: &[u8]) -> Result<(Box<str>, f32, u64), String> {
    let (mut piece, mut score, mut kind) = ("", 0.0, kind::NORMAL);
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(text)) => {
                piece = std::str::from_utf8(text).map_err(|_| "a piece is not UTF-8".to_owned())?;
            }
            (2, Value::Word(word)) => score = f32::from_le_bytes(word),
            (3, Value::Integer(number)) => kind = number,
            _ => {}
        }
    }
    if !score.is_finite() {
        return Err(format!("the piece {piece:?} has no finite score"));
    }
    Ok((piece.into(), score, kind))
}

fn check_kind(trainer: &[u8]) -> Result<(), String> {
    for field in Fields::of(trainer) {
        if let (3, Value::Integer(model_type)) = field?
            && model_type != UNIGRAM
        {
            return Err(format!(
                "it is a model of kind {model_type}; only unigram models (kind {UNIGRAM}) are read"
            ));
        }
    }
    Ok(())
}

/// How text is prepared: replacements by the longest match, spaces made single.
#[derive(Debug)]
struct Normaliser {
    /// A double-array trie from strings to positions in `replacements`.
    trie: Vec<u32>,
    /// Replacements, each ended by a zero byte.
    replacements: Vec<u8>,
    adds_space_before: bool,
    joins_spaces: bool,
    marks_spaces: bool,
}

impl Default for Normaliser {
    fn default() -> Self {
        Self {
            trie: Vec::new(),
            replacements: Vec::new(),
            adds_space_before: true,
            joins_spaces: true,
            marks_spaces: true,
        }
    }
}

impl Normaliser {
    fn read(spec: &[u8]) -> Result<Self, String> {
        let mut normaliser = Self::default();
        for field in Fields::of(spec) {
            match field? {
                (2, Value::Bytes(table)) => normaliser.read_table(table)?,
                (3, Value::Integer(flag)) => normaliser.adds_space_before = flag != 0,
                (4, Value::Integer(flag)) => normaliser.joins_spaces = flag != 0,
                (5, Value::Integer(flag)) => normaliser.marks_spaces = flag != 0,
                _ => {}
            }
        }
        Ok(normaliser)
    }

    /// The table: the trie's size in bytes, the trie, the replacements.
    fn read_table(&mut self, table: &[u8]) -> Result<(), String> {
        if table.is_empty() {
            return Ok(());
        }
        let bad = || "its table of replacements is damaged".to_owned();
        let (size, rest) = table.split_first_chunk::<4>().ok_or_else(bad)?;
        let (trie, replacements) =
            rest.split_at_checked(u32::from_le_bytes(*size) as usize).ok_or_else(bad)?;
        let (units, odd) = trie.as_chunks::<4>();
        if !odd.is_empty() {
            return Err(bad());
        }
        self.trie = units.iter().map(|&unit| u32::from_le_bytes(unit)).collect();
        self.replacements = replacements.to_vec();
        Ok(())
    }

    fn normalise(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len() + 3);
        let mut rest = text;
        let mut follows_space = self.joins_spaces;
        while !rest.is_empty() {
            let (replacement, n_bytes) = self.replace_start(rest);
            rest = rest.get(n_bytes..).unwrap_or_default();
            for character in replacement.chars() {
                if character == ' ' && follows_space && self.joins_spaces {
                    continue;
                }
                follows_space = character == ' ';
                normal.push(character);
            }
        }
        if self.joins_spaces {
            normal.truncate(normal.trim_end_matches(' ').len());
        }
        if normal.is_empty() {
            return normal;
        }
        if self.adds_space_before {
            normal.insert(0, ' ');
        }
        if self.marks_spaces { normal.replace(' ', SPACE.encode_utf8(&mut [0; 4])) } else { normal }
    }

    /// What stands for the start of the text, and how many of its bytes that covers: the longest match in the table,
    /// else one character as it is.
    fn replace_start<'a>(&'a self, text: &'a str) -> (&'a str, usize) {
        let one = text.chars().next().map_or(text.len(), char::len_utf8);
        let as_it_is = (text.get(..one).unwrap_or(text), one);
        let Some((at, n_bytes)) = self.longest_match(text.as_bytes()) else { return as_it_is };
        let replacement = self.replacements.get(at..).unwrap_or_default();
        let replacement = replacement.split(|&byte| byte == 0).next().unwrap_or_default();
        match std::str::from_utf8(replacement) {
            Ok(replacement) if text.is_char_boundary(n_bytes) => (replacement, n_bytes),
            _ => as_it_is,
        }
    }

    /// Value and length of the longest key that starts the text. A unit of the trie holds its label, the offset of its
    /// children and whether a value hangs there (Yata's darts-clone).
    fn longest_match(&self, text: &[u8]) -> Option<(usize, usize)> {
        let offset = |unit: u32| ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize;
        let mut at = offset(*self.trie.first()?);
        let mut longest = None;
        for (position, &byte) in text.iter().enumerate() {
            if byte == 0 {
                break;
            }
            at ^= usize::from(byte);
            let Some(&unit) = self.trie.get(at) else { break };
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                break;
            }
            at ^= offset(unit);
            if unit & (1 << 8) != 0 {
                let value = self.trie.get(at)? & 0x7fff_ffff;
                longest = Some((value as usize, position + 1));
            }
        }
        longest
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::*;

    const SOURCE: &[u8] = include_bytes!("../../../tests/golden/text/marian_tiny/source.spm");

    /// A file of these pieces, scores and kinds.
    fn file(pieces: &[(&str, f32, u64)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (piece, score, kind) in pieces {
            let mut message = vec![0x0a, piece.len() as u8];
            message.extend(piece.as_bytes());
            message.push(0x15);
            message.extend(score.to_le_bytes());
            message.extend([0x18, *kind as u8]);
            bytes.extend([0x0a, message.len() as u8]);
            bytes.extend(message);
        }
        bytes
    }

    fn check(pieces: &[(&str, f32, u64)], text: &str, expected: &[&str]) {
        assert_eq!(SentencePiece::read(&file(pieces)).unwrap().pieces(text), expected, "{text:?}");
    }

    #[test]
    fn the_best_split_wins() {
        let pieces =
            [("\u{2581}", -3.0, 1), ("a", -2.0, 1), ("b", -2.0, 1), ("ab", -3.5, 1), ("\u{2581}ab", -9.0, 1)];
        check(&pieces, "ab", &["\u{2581}", "ab"]);
        check(&pieces, " a  b ", &["\u{2581}", "a", "\u{2581}", "b"]);
        check(&pieces, "axya", &["\u{2581}", "a", "xy", "a"]);
        check(&pieces, "  ", &[]);
        check(&pieces, "", &[]);
    }

    #[test]
    fn kinds_of_pieces_are_told_apart() {
        let pieces = [
            ("<unk>", 0.0, 2),
            ("</s>", 0.0, 3),
            ("\u{2581}", -1.0, 1),
            ("a", -1.0, 1),
            ("aa", -0.5, 5),
            ("</s", -20.0, 4),
        ];
        check(&pieces, "aa", &["\u{2581}", "a", "a"]);
        check(&pieces, "</s>", &["\u{2581}", "</s", ">"]);
    }

    #[test]
    fn broken_files_say_what_is_wrong() {
        for (bytes, expected) in [
            (&b"PK\x03\x04"[..], "SentencePiece"),
            (&[][..], "no pieces"),
            (&SOURCE[..SOURCE.len() - 3], "cut"),
            (&file(&[("a", f32::NAN, 1)]), "finite"),
            (&[&file(&[("a", -1.0, 1)])[..], &[0x12, 2, 0x18, 2]].concat(), "kind 2"),
            (&[&file(&[("a", -1.0, 1)])[..], &[0x1a, 3, 0x12, 1, 9]].concat(), "table of replacements"),
        ] {
            let message = SentencePiece::read(bytes).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(position in any::<prop::sample::Index>(), value: u8, text: String) {
            let mut bytes = SOURCE.to_vec();
            let at = position.index(bytes.len());
            bytes[at] = value;
            if let Ok(model) = SentencePiece::read(&bytes) {
                let _ = model.pieces(&text);
                let _ = model.pieces(" botol \u{bd} \u{fb01}ne\u{3000}");
            }
        }
    }
}
