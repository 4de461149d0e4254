//! Files the user brings: recognised, checked, copied or referred to; dangerous ones refused.

use std::path::{Path, PathBuf};

use lookalike::encode::{AddFiles, Keep, Manifest, Modality, ModelStore, Place, add_model, verify_model};

use crate::weights::{needed, write, write_checkpoint};

struct Scene {
    _root: tempfile::TempDir,
    store: ModelStore,
    brought: PathBuf,
}

fn scene() -> Scene {
    let root = tempfile::tempdir().expect("a temporary folder");
    let brought = root.path().join("brought");
    std::fs::create_dir(&brought).expect("a folder");
    Scene { store: ModelStore::new(root.path().join("models")), brought, _root: root }
}

impl Scene {
    fn weights_of(&self, id: &str, name: &str) -> PathBuf {
        let path = self.brought.join(name);
        write(&path, &needed(Manifest::built_in().find(id).expect("a known model"), None));
        path
    }

    fn add(&self, files: &AddFiles) -> Result<lookalike::encode::ModelEntry, String> {
        add_model(&self.store, files, &|| false).map_err(|error| error.to_string())
    }

    fn refused(&self, path: &Path, expected: &str) {
        let message =
            self.add(&AddFiles { paths: vec![path.to_owned()], ..AddFiles::default() }).expect_err("refused");
        assert!(message.contains(expected), "{message}");
        assert!(!self.store.folder().exists(), "nothing was written");
    }
}

#[test]
fn a_network_is_recognised_by_its_tensors() {
    for (id, architecture) in [
        ("resnet18", "resnet18"),
        ("resnet34", "resnet34"),
        ("mobilenetv3_small_100", "mobilenetv3_small_100"),
        ("densenet121", "densenet121"),
    ] {
        let scene = scene();
        let paths = vec![scene.weights_of(id, "my mugs.safetensors")];
        let entry = scene.add(&AddFiles { paths, ..AddFiles::default() }).expect("it is added");
        assert_eq!((entry.architecture.as_str(), entry.modality), (architecture, Modality::Image));
        assert_eq!(entry.id, "my-mugs");
        assert!(scene.store.entries().contains(&entry) && scene.store.is_present(&entry));
        let verification = verify_model(&scene.store, &entry, &|| false).expect("it is right");
        assert!(verification.summary().contains("every digest matches"), "{}", verification.summary());
        assert!(
            scene
                .add(&AddFiles {
                    paths: vec![scene.brought.clone()],
                    id: Some("my-mugs".to_owned()),
                    ..AddFiles::default()
                })
                .expect_err("it is there already")
                .contains("already")
        );
        assert!(scene.store.remove(&entry.id).expect("it goes") > 1_000_000);
        assert!(!scene.store.model_folder(&entry.id).exists());
    }
}

#[test]
fn files_can_stay_where_they_are() {
    let scene = scene();
    let path = scene.weights_of("resnet18", "mine.safetensors");
    let files = AddFiles { paths: vec![path.clone()], keep: Keep::Reference, ..AddFiles::default() };
    let entry = scene.add(&files).expect("it is added");
    assert_eq!(scene.store.locate(&entry, "model.safetensors"), Some((path.clone(), Place::Reference)));
    assert!(!scene.store.model_folder("mine").join("model.safetensors").exists());
    scene.store.remove("mine").expect("it is forgotten");
    assert!(path.exists(), "a file elsewhere is nobody's to delete");
}

#[test]
fn a_known_model_takes_files_of_its_own_shapes_only() {
    let scene = scene();
    let id = Some("resnet18".to_owned());
    let deeper = scene.weights_of("resnet34", "a.safetensors");
    let message = scene
        .add(&AddFiles { paths: vec![deeper], id: id.clone(), ..AddFiles::default() })
        .expect_err("it holds every tensor of the shallower network, and more");
    assert!(message.contains("it holds a resnet34, not a resnet18"), "{message}");
    let other = scene.weights_of("resnet50", "b.safetensors");
    let message = scene
        .add(&AddFiles { paths: vec![other], id: id.clone(), ..AddFiles::default() })
        .expect_err("the shapes differ");
    assert!(message.contains("tensor `layer1.0.conv1.weight`: expected [64, 64, 3, 3]"), "{message}");
    let right = scene.weights_of("resnet18", "c.safetensors");
    let entry = scene.add(&AddFiles { paths: vec![right], id, ..AddFiles::default() }).expect("it fits");
    assert_eq!(Some(&entry), Manifest::built_in().find("resnet18"));
    assert!(scene.store.is_present(&entry), "what is known of its preprocessing stands in for a config.json");
}

#[test]
fn dangerous_and_broken_files_are_refused_and_change_nothing() {
    let scene = scene();
    let file = |name: &str, bytes: &[u8]| {
        let path = scene.brought.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    // pickle.dumps of an object whose unpickling would call os.system.
    let pickle = file("evil.bin", b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02ls\x94\x85\x94R\x94.");
    scene.refused(&pickle, "run code");
    let renamed = file("evil.safetensors", &std::fs::read(&pickle).expect("the pickle"));
    scene.refused(&renamed, "run code");
    std::fs::remove_file(&renamed).expect("it goes");
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}}"#;
    let absurd = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    scene.refused(&file("absurd.safetensors", &absurd), "cut or damaged");
    write(&scene.brought.join("absurd.safetensors"), &vec![("nobody".to_owned(), vec![3])]);
    scene.refused(&scene.brought.join("absurd.safetensors"), "fit no architecture");
    scene.refused(&scene.brought.join("nothing.safetensors"), "no such file");
}

#[test]
fn a_pytorch_checkpoint_is_kept_as_safetensors_or_referred_to() {
    let tensors = needed(Manifest::built_in().find("resnet18").expect("a known model"), None);
    for (keep, place) in [(Keep::Copy, Place::Folder), (Keep::Reference, Place::Reference)] {
        let scene = scene();
        let path = scene.brought.join("mine.pth");
        write_checkpoint(&path, &tensors);
        let entry = scene
            .add(&AddFiles { paths: vec![path.clone()], keep, ..AddFiles::default() })
            .expect("it is added");
        assert_eq!((entry.id.as_str(), entry.architecture.as_str()), ("mine", "resnet18"));
        let (weights, found) = scene.store.locate(&entry, "model.safetensors").expect("it is there");
        assert_eq!(found, place);
        let bytes = std::fs::read(&weights).expect("the weights");
        assert_eq!(bytes.starts_with(b"PK"), keep == Keep::Reference, "what is copied is safetensors");
        let verification = verify_model(&scene.store, &entry, &|| false).expect("it is right");
        assert_eq!(verification.n_tensors, tensors.len());
        assert!(verification.summary().contains("every digest matches"), "{}", verification.summary());
        assert!(path.exists());
    }
}

#[test]
fn checkpoints_that_cannot_be_read_safely_are_refused_and_change_nothing() {
    let scene = scene();
    let file = |name: &str, bytes: &[u8]| {
        let path = scene.brought.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    // Written by PyTorch; its tensors are of no network here.
    let checkpoint = include_bytes!("../../src/nn/weights/fixtures/checkpoint.pth");
    scene.refused(&file("foreign.pth", checkpoint), "fit no architecture");
    let harmless = b"cargparse\nNamespace";
    let at = checkpoint.windows(harmless.len()).position(|window| window == harmless).expect("the name");
    let mut evil = checkpoint.to_vec();
    evil[at..at + harmless.len()].copy_from_slice(b"cshutil\ncopyfileobj");
    scene.refused(&file("evil.pth", &evil), "runs `shutil.copyfileobj`");
    scene.refused(&file("cut.pt", &checkpoint[..checkpoint.len() - 30]), "zip archive without its end");
    scene.refused(&file("old.pt", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), "torch.save");
}

#[test]
fn word_vectors_are_known_by_their_name_or_said_to_be_some() {
    let scene = scene();
    let line = |word: &str, width: usize| format!("{word}{}\n", " 0.5".repeat(width));
    let path = scene.brought.join("glove.6B.100d.txt");
    std::fs::write(&path, line("mug", 100) + &line("cup", 100)).expect("vectors");
    let files = AddFiles { paths: vec![path.clone()], ..AddFiles::default() };
    let entry = scene.add(&files).expect("it is a model of the manifest");
    assert_eq!((entry.id.as_str(), entry.width), ("glove.6B.100d", 100));
    assert_eq!(verify_model(&scene.store, &entry, &|| false).expect("it is right").n_tensors, 2);
    scene.store.remove(&entry.id).expect("it goes");
    std::fs::write(&path, line("mug", 99)).expect("vectors");
    assert!(scene.add(&files).expect_err("of another width").contains("99 numbers, expected 100"));

    let own = scene.brought.join("own.vec");
    std::fs::write(&own, line("mug", 7)).expect("vectors");
    let architecture = Some("glove".to_owned());
    let entry =
        scene.add(&AddFiles { paths: vec![own], architecture, ..AddFiles::default() }).expect("it is added");
    assert_eq!((entry.id.as_str(), entry.width, entry.modality), ("own", 7, Modality::Text));
}
