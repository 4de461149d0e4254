//! `lookalike doctor`: what this machine offers, for questions and bug reports.

use std::collections::BTreeMap;

use super::console::{Console, table};
use super::session::DeviceArgs;
use crate::encode::{EncoderTable, ModelStore};
use crate::jobs::JobError;
use crate::nn::describe_device;
use crate::ui::describe_renderer;

/// Show device, models, renderer and versions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let store = ModelStore::resolve(args.device.models.as_deref());
    let encoders = EncoderTable::of(&store);
    let needed = encoders.specs().iter().flat_map(|spec| &spec.needs);
    let models: BTreeMap<&str, bool> = needed.map(|model| (model.as_str(), store.has(model))).collect();
    let (device, renderer) = (describe_device(args.device.device), describe_renderer());
    let features = [("cuda", cfg!(feature = "cuda")), ("metal", cfg!(feature = "metal"))];
    let features: Vec<&str> =
        features.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name).collect();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let answer = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "system": system,
        "features": features,
        "device": device,
        "renderer": renderer,
        "models_folder": store.folder(),
        "models": models.iter().map(|(model, is_there)| serde_json::json!({ "id": model, "ready": is_there })).collect::<Vec<_>>(),
    });
    console.answer(&answer, || {
        let mut rows = vec![
            ["lookalike".to_owned(), env!("CARGO_PKG_VERSION").to_owned()].to_vec(),
            ["system".to_owned(), system.clone()].to_vec(),
            [
                "features".to_owned(),
                if features.is_empty() { "none".to_owned() } else { features.join(", ") },
            ]
            .to_vec(),
            ["device".to_owned(), device.clone()].to_vec(),
            ["renderer".to_owned(), renderer.clone()].to_vec(),
            ["models in".to_owned(), store.folder().display().to_string()].to_vec(),
        ];
        for (model, is_there) in &models {
            rows.push(vec![
                "model".to_owned(),
                format!("{model}: {}", if *is_there { "ready" } else { "absent" }),
            ]);
        }
        table(&rows)
    });
    Ok(())
}
