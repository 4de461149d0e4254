//! Every model of the manifest: right files pass, wrong ones are named.

use std::path::Path;

use lookalike::encode::{
    Encoder, EncoderOptions, EncoderTable, Manifest, Modality, ModelEntry, ModelStore, Purpose,
    check_tensors, image_architecture, text_architecture, verify_model,
};
use lookalike::nn::DeviceChoice;

use crate::weights::{Tensors, needed, write};

/// config.json of the text models, as published: sizes only.
fn config(id: &str) -> Option<String> {
    let bert = |vocabulary: usize, width: usize, n_layers: usize, inner: usize| {
        serde_json::json!({
            "model_type": "bert", "vocab_size": vocabulary, "hidden_size": width, "num_hidden_layers": n_layers,
            "num_attention_heads": 12, "intermediate_size": inner, "max_position_embeddings": 512,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0, "hidden_act": "gelu",
        })
    };
    let text = |width: usize, n_heads: usize, inner: usize, vocabulary: usize, n_positions: usize| {
        serde_json::json!({
            "hidden_size": width, "num_hidden_layers": 12, "num_attention_heads": n_heads,
            "intermediate_size": inner, "vocab_size": vocabulary, "max_position_embeddings": n_positions,
            "projection_dim": width,
        })
    };
    let config = match id {
        "all-MiniLM-L6-v2" => bert(30_522, 384, 6, 1_536),
        "paraphrase-multilingual-MiniLM-L12-v2" => bert(250_037, 384, 12, 1_536),
        "bert-base-uncased" => bert(30_522, 768, 12, 3_072),
        "distilbert-base-multilingual-cased" => serde_json::json!({
            "model_type": "distilbert", "vocab_size": 119_547, "dim": 768, "n_layers": 6, "n_heads": 12,
            "hidden_dim": 3_072, "max_position_embeddings": 512, "activation": "gelu", "pad_token_id": 0,
        }),
        "xlm-roberta-base" => {
            let mut config = bert(250_002, 768, 12, 3_072);
            config["model_type"] = "xlm-roberta".into();
            config["max_position_embeddings"] = 514.into();
            config["type_vocab_size"] = 1.into();
            config["layer_norm_eps"] = 1e-5.into();
            config["pad_token_id"] = 1.into();
            config
        }
        "clip-vit-base-patch32-text" => serde_json::json!({
            "model_type": "clip", "projection_dim": 512, "text_config": text(512, 8, 2_048, 49_408, 77),
        }),
        "siglip-base-patch16-224-text" => serde_json::json!({
            "model_type": "siglip", "text_config": text(768, 12, 3_072, 32_000, 64),
        }),
        _ => return None,
    };
    Some(config.to_string())
}

/// Puts the model's small files into its folder, and these tensors as its weights.
fn lay(store: &ModelStore, entry: &ModelEntry, tensors: &Tensors) {
    let folder = store.model_folder(&entry.id);
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in &entry.files {
        let text = match (file.name.as_str(), config(&entry.id)) {
            ("config.json", Some(config)) => config,
            _ => "{}".to_owned(),
        };
        std::fs::write(folder.join(&file.name), text).expect("a small file");
    }
    write(&folder.join(&entry.files[0].name), tensors);
}

fn scene() -> (tempfile::TempDir, ModelStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = ModelStore::new(folder.path().to_owned());
    (folder, store)
}

fn transformers_and_networks() -> impl Iterator<Item = &'static ModelEntry> {
    let is_network = |entry: &&ModelEntry| entry.architecture != "glove" && entry.purpose == Purpose::Encode;
    Manifest::built_in().models.iter().filter(is_network)
}

#[test]
fn every_entry_agrees_with_its_architecture() {
    for entry in transformers_and_networks() {
        let config = config(&entry.id);
        let width = match entry.modality {
            Modality::Image => image_architecture(&entry.architecture).map(|architecture| architecture.width),
            Modality::Text => text_architecture(&entry.architecture).map(|architecture| {
                let config =
                    config.as_deref().unwrap_or_else(|| panic!("{}: no config in this test", entry.id));
                (architecture.configure)(config).expect("the config is read").output_width
            }),
        };
        assert_eq!(width, Some(entry.width), "{}", entry.id);
        // The download holds at least the network; CLIP's and SigLIP's title files hold the picture tower too.
        let n_needed: usize =
            needed(entry, config.as_deref()).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        let n_told = entry.n_parameters.expect("the number of parameters is known") as f64;
        let ratio = n_told / n_needed as f64;
        assert!((0.98..2.5).contains(&ratio), "{}: {n_told} told, {n_needed} needed", entry.id);
    }
}

#[test]
fn every_entry_passes_with_the_right_files_and_names_what_is_wrong() {
    let (folder, store) = scene();
    for entry in transformers_and_networks() {
        let tensors = needed(entry, config(&entry.id).as_deref());
        lay(&store, entry, &tensors);
        assert!(store.is_present(entry), "{}", entry.id);
        let n_tensors = check_tensors(&store, entry).unwrap_or_else(|error| panic!("{}: {error}", entry.id));
        assert_eq!(n_tensors, tensors.len());

        let (name, shape) = tensors.last().expect("a tensor").clone();
        lay(&store, entry, &tensors[..tensors.len() - 1].to_vec());
        let message = check_tensors(&store, entry).expect_err("one is missing").to_string();
        assert!(
            message.contains(&format!("tensor `{name}`: expected {shape:?}, found nothing")),
            "{message}"
        );

        let mut misshaped = tensors.clone();
        let (name, shape) = misshaped[0].clone();
        misshaped[0].1.push(2);
        lay(&store, entry, &misshaped);
        let message = check_tensors(&store, entry).expect_err("one is misshaped").to_string();
        let found = &misshaped[0].1;
        assert!(
            message.contains(&format!("tensor `{name}`: expected {shape:?}, found {found:?}")),
            "{message}"
        );

        lay(&store, entry, &tensors);
        let path = store.model_folder(&entry.id).join(&entry.files[0].name);
        let file = std::fs::OpenOptions::new().write(true).open(&path).expect("the weights");
        file.set_len(file.metadata().expect("its length").len() - 1).expect("it is cut");
        let message = check_tensors(&store, entry).expect_err("it is cut").to_string();
        assert!(message.contains("cut or damaged") && message.contains(&entry.id), "{message}");
        std::fs::remove_dir_all(store.model_folder(&entry.id)).expect("the folder goes");
    }
    drop(folder);
}

#[test]
fn small_networks_open_from_such_files() {
    let (_folder, store) = scene();
    for id in ["mobilenetv2_tf", "mobilenetv3_small_100", "efficientnet_b0"] {
        let entry = Manifest::built_in().find(id).expect("it is in the manifest");
        lay(&store, entry, &needed(entry, None));
        let config =
            entry.preprocess.as_ref().map_or_else(usual_config, lookalike::encode::Preprocess::to_config);
        std::fs::write(store.model_folder(id).join("config.json"), config).expect("a config");
        let table = EncoderTable::of(&store);
        let spec = table.spec(id).expect("the table has it");
        let encoder = spec.open(&store, DeviceChoice::Cpu, &EncoderOptions::default());
        assert!(matches!(encoder.unwrap_or_else(|error| panic!("{id}: {error}")), Encoder::Image(_)));

        let mut tensors = needed(entry, None);
        let (name, _) = tensors.pop().expect("a tensor");
        write(&store.model_folder(id).join("model.safetensors"), &tensors);
        let error = spec.open(&store, DeviceChoice::Cpu, &EncoderOptions::default());
        let message = error.err().expect("a tensor is missing").to_string();
        assert!(message.contains(&name), "{message}");
    }
}

fn usual_config() -> String {
    r#"{"input_size":[3,224,224],"interpolation":"bilinear","crop":"squash","mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5]}"#
        .to_owned()
}

#[test]
fn the_real_models_of_the_shared_folder_verify() {
    let shared = std::env::var_os("LOOKALIKE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), std::path::PathBuf::from);
    let store = ModelStore::new(shared.join("models"));
    if !store.folder().is_dir() {
        eprintln!("skipped: there are no shared models in {}", store.folder().display());
        return;
    }
    for id in ["mobilenetv2_tf", "all-MiniLM-L6-v2"] {
        let entry = store.entry(id).expect("it is in the manifest");
        let verification =
            verify_model(&store, &entry, &|| false).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(verification.n_tensors > 100 || id != "all-MiniLM-L6-v2");
        assert_eq!(verification.files.len(), entry.files.len());
    }
}
