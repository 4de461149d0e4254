//! Weight files of given shapes whose numbers are a hole in the file: large on paper, nothing on disk.

use std::io::Write;
use std::path::Path;

use lookalike::encode::{Modality, ModelEntry, Pooling, image_architecture, text_architecture};
use lookalike::nn::Parameter;

/// Name and shape of every tensor.
pub type Tensors = Vec<(String, Vec<usize>)>;

/// Writes a file of f32 zeros with these tensors.
pub fn write(path: &Path, tensors: &Tensors) {
    let mut header = serde_json::Map::new();
    let mut end = 0_u64;
    for (name, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>() as u64;
        let entry = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] });
        header.insert(name.clone(), entry);
    }
    let header = serde_json::to_vec(&header).expect("a header");
    let mut file = std::fs::File::create(path).expect("a file");
    file.write_all(&(header.len() as u64).to_le_bytes()).expect("its length");
    file.write_all(&header).expect("the header");
    file.set_len(8 + header.len() as u64 + end).expect("a hole");
}

/// The tensors an entry's architecture needs.
pub fn needed(entry: &ModelEntry, config: Option<&str>) -> Tensors {
    let pairs = |parameters: Vec<Parameter>| {
        parameters.into_iter().map(|parameter| (parameter.name, parameter.shape)).collect()
    };
    match entry.modality {
        Modality::Image => {
            let architecture = image_architecture(&entry.architecture)
                .unwrap_or_else(|| panic!("{}: no architecture {}", entry.id, entry.architecture));
            let side = entry.preprocess.as_ref().map_or(architecture.size, |preprocess| preprocess.size);
            pairs((architecture.graph)(side).parameters())
        }
        Modality::Text => {
            let architecture = text_architecture(&entry.architecture)
                .unwrap_or_else(|| panic!("{}: no architecture {}", entry.id, entry.architecture));
            let config = (architecture.configure)(config.expect("a config")).expect("the config is read");
            let pooling = entry.text.as_ref().map_or(Pooling::Mean, |text| text.pooling);
            pairs((config.graph)(&config, pooling).parameters())
        }
    }
}
