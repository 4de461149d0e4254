//! Every architecture names the tensors of the published files, and refuses configs that cannot be.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

const CLIP: &str = include_str!("../../../tests/golden/text/clip_text_tiny.json");
const SIGLIP: &str = include_str!("../../../tests/golden/text/siglip_text_tiny.json");

fn small_bert() -> Value {
    json!({
        "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
        "max_position_embeddings": 12, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0
    })
}

fn configure(id: &str, config: &Value) -> Result<TextConfig, String> {
    (text_architecture(id).unwrap().configure)(&config.to_string())
}

fn tensors(config: &TextConfig, pooling: Pooling) -> BTreeMap<String, Vec<usize>> {
    let graph = (config.graph)(config, pooling);
    graph.parameters().into_iter().map(|parameter| (parameter.name, parameter.shape)).collect()
}

#[test]
fn parity_of_the_towers_tensors() {
    for golden in [CLIP, SIGLIP] {
        let golden: Value = serde_json::from_str(golden).unwrap();
        let id = golden["config"]["model_type"].as_str().unwrap();
        let expected: BTreeMap<String, Vec<usize>> =
            serde_json::from_value(golden["tensors"].clone()).unwrap();
        assert_eq!(tensors(&configure(id, &golden["config"]).unwrap(), Pooling::Own), expected, "{id}");
    }
}

#[test]
fn ids_are_unique_and_found() {
    for architecture in TEXT_ARCHITECTURES {
        assert_eq!(text_architecture(architecture.id).unwrap().id, architecture.id);
        let same = TEXT_ARCHITECTURES.iter().filter(|other| other.id == architecture.id).count();
        assert_eq!(same, 1, "{}", architecture.id);
    }
    assert!(text_architecture("gpt").is_none());
}

#[test]
fn only_berts_own_pooling_needs_its_pooler() {
    let config = configure("bert", &small_bert()).unwrap();
    let has_pooler = |pooling| tensors(&config, pooling).contains_key("pooler.dense.weight");
    assert!(has_pooler(Pooling::Own) && !has_pooler(Pooling::Mean) && !has_pooler(Pooling::Cls));
}

#[test]
fn a_multimodal_config_is_read_for_its_text_part() {
    let whole = json!({"model_type": "clip", "projection_dim": 24, "text_config": {"hidden_size": 32, "eos_token_id": 2},
        "vision_config": {"hidden_size": 768}});
    let config = configure("clip_text_model", &whole).unwrap();
    assert_eq!((config.width, config.output_width, config.n_layers, config.end_of_text), (32, 24, 12, None));
    let newer = json!({"text_config": {"eos_token_id": 49_407}});
    assert_eq!(configure("clip_text_model", &newer).unwrap().end_of_text, Some(49_407));
    let whole = json!({"model_type": "siglip", "text_config": {"model_type": "siglip_text_model"}});
    let config = configure("siglip_text_model", &whole).unwrap();
    assert_eq!(
        (config.vocabulary, config.length, config.output_width),
        (32_000, TitleLength::Always(64), 768)
    );
}

#[test]
fn roberta_s_positions_before_the_padding_are_no_room_for_titles() {
    let mut file = small_bert();
    file["pad_token_id"] = json!(1);
    assert_eq!(configure("xlm-roberta", &file).unwrap().length, TitleLength::AtMost(10));
    file["pad_token_id"] = json!(20);
    assert!(configure("xlm-roberta", &file).unwrap_err().contains("padding"));
}

fn check_refused(id: &str, field: &str, value: Value, expected: &str) {
    let mut file = small_bert();
    file[field] = value;
    let message = configure(id, &file).unwrap_err();
    assert!(message.contains(expected), "{id} {field}: {message}");
}

#[test]
fn configs_that_cannot_be_say_why() {
    check_refused("bert", "hidden_size", json!(9), "no multiple");
    check_refused("bert", "hidden_size", json!(0), "width is 0");
    check_refused("bert", "num_hidden_layers", json!(4_000_000_000_u64), "number of layers");
    check_refused("bert", "num_attention_heads", json!(0), "attention heads");
    check_refused("bert", "hidden_act", json!("magic"), "magic");
    check_refused("bert", "position_embedding_type", json!("relative_key"), "relative_key");
    check_refused("bert", "max_position_embeddings", json!(2), "no room");
    check_refused("bert", "pad_token_id", json!(50), "padding id 50");
    check_refused("bert", "layer_norm_eps", json!(-1.0), "epsilon");
    check_refused("bert", "vocab_size", Value::Null, "invalid type");
    check_refused("distilbert", "dim", json!(8), "n_layers");
    for id in ["bert", "distilbert", "xlm-roberta", "clip_text_model", "siglip_text_model"] {
        assert!((text_architecture(id).unwrap().configure)("[").is_err());
        assert!((text_architecture(id).unwrap().configure)("[1]").is_err(), "{id}");
    }
}

#[test]
fn published_names_are_mapped() {
    let names = |id: &str, name: &str| -> Vec<String> {
        text_architecture(id).unwrap().other_names.iter().filter_map(|other| other(name)).collect()
    };
    let norm = "embeddings.LayerNorm.weight";
    assert!(names("bert", norm).contains(&"bert.embeddings.LayerNorm.gamma".to_owned()));
    assert!(names("bert", "embeddings.LayerNorm.bias").contains(&"embeddings.LayerNorm.beta".to_owned()));
    assert!(names("bert", "pooler.dense.bias").contains(&"bert.pooler.dense.bias".to_owned()));
    assert_eq!(names("distilbert", norm)[0], "distilbert.embeddings.LayerNorm.weight");
    assert_eq!(names("xlm-roberta", norm)[0], "roberta.embeddings.LayerNorm.weight");
    assert_eq!(names("siglip_text_model", "text_model.head.bias"), ["head.bias"]);
}
