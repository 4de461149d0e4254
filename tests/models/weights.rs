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

/// Writes a PyTorch checkpoint (zip format, pickle protocol 2) of f32 zeros with these tensors, which share one storage.
pub fn write_checkpoint(path: &Path, tensors: &Tensors) {
    let n_values = |shape: &[usize]| shape.iter().product::<usize>();
    let n_stored = tensors.iter().map(|(_, shape)| n_values(shape)).max().unwrap_or(0);
    let mut pickle = b"\x80\x02}(".to_vec();
    for (name, shape) in tensors {
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, "0");
        text(&mut pickle, "cpu");
        whole(&mut pickle, n_stored);
        pickle.extend(b"tQK\0");
        let strides: Vec<usize> = (0..shape.len()).map(|at| n_values(&shape[at + 1..])).collect();
        for sizes in [shape, &strides] {
            pickle.push(b'(');
            sizes.iter().for_each(|&size| whole(&mut pickle, size));
            pickle.push(b't');
        }
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(b"u.");
    let storage = vec![0_u8; 4 * n_stored];
    let (mut bytes, mut table) = (Vec::new(), Vec::new());
    for (name, content) in [("archive/data.pkl", &pickle), ("archive/data/0", &storage)] {
        let start = bytes.len() as u32;
        let n = (content.len() as u32).to_le_bytes();
        let name_len = (name.len() as u16).to_le_bytes();
        // Method 0 is "stored"; times and checksums are 0.
        bytes.extend(b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        table.extend(b"PK\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        for records in [&mut bytes, &mut table] {
            records.extend([n, n].concat());
            records.extend(name_len);
            records.extend([0; 2]);
        }
        table.extend([0; 10]);
        table.extend(start.to_le_bytes());
        table.extend(name.as_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(content);
    }
    let start = bytes.len() as u32;
    bytes.extend(&table);
    bytes.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    bytes.extend((table.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    std::fs::write(path, bytes).expect("a file");
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

fn whole(pickle: &mut Vec<u8>, number: usize) {
    pickle.push(b'J');
    pickle.extend((number as u32).to_le_bytes());
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
