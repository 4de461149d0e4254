//! Titles to token ids, exactly as the published models were trained: from tokenizer.json where the folder has one,
//! else put together from vocab.txt (BERT's word pieces) or vocab.json and merges.txt (CLIP's byte pairs). It never
//! guesses: a folder without any of these is refused.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokenizers::{Tokenizer, TruncationParams};

use crate::encode::{EncodeError, ModelStore};

const TOKENIZER: &str = "tokenizer.json";
const WORD_PIECES: &str = "vocab.txt";
const BYTE_PAIRS: [&str; 2] = ["vocab.json", "merges.txt"];
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// A model's tokenizer and the file it came from.
pub(super) struct TitleTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
    digest: String,
}

impl TitleTokenizer {
    /// Opens the tokenizer of a model whose token table has `vocabulary` rows; titles are cut to `max_tokens`, special
    /// tokens counted.
    ///
    /// # Errors
    /// [`EncodeError::ModelAbsent`] when the folder holds no tokenizer, [`EncodeError::BadModelFile`] when it cannot be
    /// read or has ids beyond the table.
    pub(super) fn open(
        store: &ModelStore,
        model: &str,
        max_tokens: usize,
        vocabulary: usize,
    ) -> Result<Self, EncodeError> {
        let (name, text) = tokenizer_text(store, model)?;
        let path = store.file(model, name)?;
        let bad = |reason: String| EncodeError::BadModelFile { path: path.clone(), reason };
        let tokenizer = read_tokenizer(&text, max_tokens).map_err(bad)?;
        let largest = tokenizer.get_vocab(true).into_values().max();
        match largest {
            None => return Err(bad("it has no tokens".to_owned())),
            Some(id) if id as usize >= vocabulary => {
                return Err(bad(format!("its token {id} is not among the {vocabulary} of the model")));
            }
            Some(_) => {}
        }
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(Self { tokenizer, path, digest })
    }

    /// Blake3 of the tokenizer's text, in hexadecimal.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Ids of a title, special ones included, cut to the model's length.
    ///
    /// # Errors
    /// When the tokenizer has no token for what it met and none for the unknown.
    pub(super) fn ids(&self, title: &str) -> Result<Vec<u32>, EncodeError> {
        match self.tokenizer.encode_fast(title, true) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(error) => {
                Err(EncodeError::BadModelFile { path: self.path.clone(), reason: error.to_string() })
            }
        }
    }
}

/// The file's name and the text of tokenizer.json, made where the folder has only the vocabulary.
fn tokenizer_text(store: &ModelStore, model: &str) -> Result<(&'static str, String), EncodeError> {
    let has = |name: &str| store.file(model, name).is_ok();
    let bad = |name: &'static str, reason: String| EncodeError::BadModelFile {
        path: store.file(model, name).unwrap_or_else(|_| store.folder().join(model).join(name)),
        reason,
    };
    if !has(TOKENIZER) && has(WORD_PIECES) {
        let config =
            if has(TOKENIZER_CONFIG) { store.text(model, TOKENIZER_CONFIG)? } else { "{}".to_owned() };
        let config: Value =
            serde_json::from_str(&config).map_err(|error| bad(TOKENIZER_CONFIG, error.to_string()))?;
        let text = word_pieces(&store.text(model, WORD_PIECES)?, &config);
        return Ok((WORD_PIECES, text.map_err(|reason| bad(WORD_PIECES, reason))?));
    }
    let [vocabulary, merges] = BYTE_PAIRS;
    if !has(TOKENIZER) && has(vocabulary) && has(merges) {
        let text = byte_pairs(&store.text(model, vocabulary)?, &store.text(model, merges)?);
        return Ok((vocabulary, text.map_err(|reason| bad(vocabulary, reason))?));
    }
    Ok((TOKENIZER, store.text(model, TOKENIZER)?))
}

fn read_tokenizer(json: &str, max_length: usize) -> Result<Tokenizer, String> {
    let mut tokenizer: Tokenizer = json.parse().map_err(|error: tokenizers::Error| error.to_string())?;
    let truncation = TruncationParams { max_length, ..TruncationParams::default() };
    tokenizer.with_padding(None).with_truncation(Some(truncation)).map_err(|error| error.to_string())?;
    Ok(tokenizer)
}

/// A tokenizer.json of BERT's word pieces. `vocabulary` has one piece a line, its id the line's number from 0.
fn word_pieces(vocabulary: &str, config: &Value) -> Result<String, String> {
    let lines = vocabulary.strip_suffix('\n').unwrap_or(vocabulary).split('\n');
    // Later lines win, as where two lines hold the same piece in the published loaders.
    let ids: serde_json::Map<String, Value> =
        lines.enumerate().map(|(id, piece)| (piece.trim_end_matches('\r').to_owned(), json!(id))).collect();
    let id_of = |piece: &str| ids.get(piece).cloned().ok_or_else(|| format!("it lacks the token `{piece}`"));
    let (start, end, unknown) = (id_of("[CLS]")?, id_of("[SEP]")?, "[UNK]");
    id_of(unknown)?;
    let special: Vec<Value> = ["[PAD]", unknown, "[CLS]", "[SEP]", "[MASK]"]
        .into_iter()
        .filter_map(|piece| Some(special_token(piece, ids.get(piece)?)))
        .collect();
    let setting = |name: &str, absent: bool| config.get(name).and_then(Value::as_bool).unwrap_or(absent);
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": setting("tokenize_chinese_chars", true),
            "strip_accents": config.get("strip_accents").cloned().unwrap_or(Value::Null),
            "lowercase": setting("do_lower_case", true)
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", end], "cls": ["[CLS]", start]},
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids
        }
    })
    .to_string())
}

/// A tokenizer.json of CLIP's byte pairs: `vocabulary` is a table of ids, `merges` has one pair a line under a line that
/// names its version.
fn byte_pairs(vocabulary: &str, merges: &str) -> Result<String, String> {
    const START: &str = "<|startoftext|>";
    const END: &str = "<|endoftext|>";
    const WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    let ids: serde_json::Map<String, Value> =
        serde_json::from_str(vocabulary).map_err(|error| error.to_string())?;
    let id_of = |piece: &str| ids.get(piece).cloned().ok_or_else(|| format!("it lacks the token `{piece}`"));
    let (start, end) = (id_of(START)?, id_of(END)?);
    let pairs: Vec<&str> =
        merges.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty()).collect();
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special_token(START, &start), special_token(END, &end)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"}
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
        ]},
        "post_processor": {
            "type": "RobertaProcessing", "sep": [END, end], "cls": [START, start],
            "trim_offsets": false, "add_prefix_space": false
        },
        "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": END, "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false, "vocab": ids, "merges": pairs
        }
    })
    .to_string())
}

fn special_token(content: &str, id: &Value) -> Value {
    json!({
        "id": id, "content": content, "special": true,
        "single_word": false, "lstrip": false, "rstrip": false, "normalized": false
    })
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
