//! A network of pictures trained from the command line: kept beside its head, matched with, promoted; what cannot be trained is
//! refused before anything is saved. Skipped where the shared models are absent.

use std::path::Path;

use crate::program::{json, number, refused, shared};

const RECIPE: &str = "mobilenetv2-finetune";
/// One block, one changed view and one round show all that a run does.
const SHORT: [&str; 6] = ["--set", "From=blocks.6", "--set", "views=1", "--set", "max_epochs=1"];

/// A demo of 16 products, indexed with MobileNetV2: home, project, models folder.
fn demo_project() -> Option<(tempfile::TempDir, String, String)> {
    let models = shared()?.join("models").display().to_string();
    let home = tempfile::tempdir().unwrap();
    json(home.path(), &["demo", "--out", "demo", "--products", "16", "--seed", "3"]);
    let project = home.path().join("demo.lookalike").display().to_string();
    let encoders = ["--image-encoder", "mobilenetv2_tf", "--text-encoder", "idf-word"];
    let index = ["index", "demo/catalog.csv", "--project", &project, "--models", &models];
    json(home.path(), &[&index[..], &encoders].concat());
    Some((home, project, models))
}

fn file(project: &str, name: &str) -> Vec<u8> {
    std::fs::read(Path::new(project).join("trained").join(RECIPE).join(name)).unwrap()
}

#[test]
fn a_trained_network_is_kept_matched_with_and_promoted() {
    let Some((home, project, models)) = demo_project() else { return };
    let home = home.path();
    let base = ["train", "--project", &project, "--models", &models, "--recipe", RECIPE];
    let train = [&base[..], &SHORT].concat();
    let answer = json(home, &train);
    assert_eq!(answer["encoders"], serde_json::json!(["mobilenetv2_tf"]), "{answer}");
    let (head, network) = (file(&project, "head.safetensors"), file(&project, "backbone.safetensors"));
    json(home, &train);
    assert!(file(&project, "backbone.safetensors") == network, "the same seed gave another network");
    assert!(file(&project, "head.safetensors") == head, "the same seed gave another head");

    let evaluate = |more: &[&str]| {
        let args = ["evaluate", "--project", &project, "--models", &models, "--tune"];
        json(home, &[&args[..], more].concat())
    };
    let trained = evaluate(&["--trained", RECIPE]);
    assert_eq!(trained["trained"], RECIPE, "{trained}");
    json(home, &["promote", RECIPE, "--project", &project]);
    // What is in use is a copy, the network included.
    json(home, &[&train[..], &["--seed", "2"]].concat());
    assert!(file(&project, "head.safetensors") != head, "the seed decides nothing");
    assert_eq!(number(&evaluate(&[]), "mean_f1"), number(&trained, "mean_f1"));

    for (more, reason) in [
        (
            &["--set", "From=blocks.9"][..],
            "cannot be trained from `blocks.9` on. Choose one of its blocks: conv_stem",
        ),
        (&["--set", "image_encoders=[\"perceptual\"]"], "no network that can be trained further"),
        (
            &["--set", "learning_rate=1e38", "--set", "clip_norm=null", "--set", "max_epochs=3"],
            "smaller learning_rate",
        ),
        (&["--set", "views=99"], "at most 64"),
        (&["--set", "augmentations=[{\"Crop\":{\"least_area\":2}}]"], "between 0 and 1"),
    ] {
        let before = file(&project, "backbone.safetensors");
        let message = refused(home, &[&train[..], more].concat(), 1);
        assert!(message.contains(reason), "{more:?}: {message}");
        assert!(file(&project, "backbone.safetensors") == before, "{more:?} changed the model");
    }
    // A network that is damaged or gone is not used, nor is its head alone.
    let path = Path::new(&project).join("trained").join(RECIPE).join("backbone.safetensors");
    let args = ["evaluate", "--project", &project, "--models", &models, "--trained", RECIPE];
    std::fs::write(&path, &network[..network.len() / 2]).unwrap();
    assert!(refused(home, &args, 1).contains("damaged"));
    std::fs::remove_file(&path).unwrap();
    assert!(refused(home, &args, 1).contains("damaged"));
}
