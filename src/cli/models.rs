//! `lookalike models`: which models there are; getting, adding, verifying and removing them.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::console::{Console, table};
use super::session::with_context;
use crate::encode::{
    AddFiles, Hub, IMAGE_ARCHITECTURES, Keep, Modality, ModelStatus, ModelStore, Pooling, Presence,
    TEXT_ARCHITECTURES, TextInputChoice, bytes_in_words,
};
use crate::jobs::{JobError, ModelDone, ModelTask, ModelTicket, Network, do_model_task, models_answer};

/// Show, get, add, verify and remove the models that encoders need.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    /// Folder with one sub-folder a model [default: $LOOKALIKE_MODELS, else `models` in the user's data folder].
    #[arg(long, value_name = "DIR", global = true)]
    models: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every model: what it reads, its size and licence, whether it is there and where.
    List {
        /// Only models with these words.
        words: Vec<String>,
    },
    /// Download a model from the Hugging Face hub; an unfinished download goes on where it stopped. HF_ENDPOINT names another
    /// hub, HF_TOKEN a token for gated models, HF_HOME the cache that is looked into first; LOOKALIKE_OFFLINE=1 forbids it.
    Get {
        /// The model's id.
        id: String,
        /// Download nothing; fail where something is missing.
        #[arg(long)]
        offline: bool,
    },
    Add(AddArgs),
    /// Delete a model's files from the models folder.
    Remove {
        /// The model's id.
        id: String,
    },
    /// Check a model's files: sizes, digests, and every tensor by name and shape.
    Verify {
        /// The model's id; without one, every model that is there.
        id: Option<String>,
    },
}

/// Add weights of your own (safetensors or a PyTorch checkpoint), with their config.json and tokenizer.json where they need them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = architectures_help())]
struct AddArgs {
    /// The weights, or the folder they lie in; what lies beside them is found.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A known model's id, or one of your own [default: the name of the file or its folder].
    #[arg(long)]
    id: Option<String>,
    /// Name shown to people.
    #[arg(long)]
    label: Option<String>,
    /// The architecture [default: recognised by the tensors, for text by config.json].
    #[arg(long, value_name = "A")]
    architecture: Option<String>,
    /// Leave the files where they are and remember their place.
    #[arg(long)]
    reference: bool,
    /// Of a text model: how token rows become one.
    #[arg(long, value_name = "P", value_enum, default_value = "mean")]
    pooling: PoolingName,
    /// Of a text model: tokens a title, special ones counted.
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_tokens: usize,
    /// Of a text model: put before every title, such as "query: ".
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PoolingName {
    Mean,
    Cls,
    Own,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let store = ModelStore::resolve(args.models.as_deref());
    let ticket = ModelTicket(0);
    match &args.action {
        Action::List { words } => {
            list(&store, words, console);
            Ok(())
        }
        Action::Get { id, offline } => {
            let network = if *offline { Network::Off } else { Network::Allowed };
            one(&store, &ModelTask::Get { id: id.clone(), ticket, network }, console)
        }
        Action::Add(add) => one(&store, &ModelTask::Add { files: add.files(), ticket }, console),
        Action::Remove { id } => one(&store, &ModelTask::Remove { id: id.clone(), ticket }, console),
        Action::Verify { id: Some(id) } => {
            one(&store, &ModelTask::Verify { id: id.clone(), ticket }, console)
        }
        Action::Verify { id: None } => verify_all(&store, console),
    }
}

impl AddArgs {
    fn files(&self) -> AddFiles {
        let pooling = match self.pooling {
            PoolingName::Mean => Pooling::Mean,
            PoolingName::Cls => Pooling::Cls,
            PoolingName::Own => Pooling::Own,
        };
        AddFiles {
            paths: self.paths.clone(),
            id: self.id.clone(),
            label: self.label.clone(),
            architecture: self.architecture.clone(),
            text: Some(TextInputChoice { max_tokens: self.max_tokens, pooling, prefix: self.prefix.clone() }),
            keep: if self.reference { Keep::Reference } else { Keep::Copy },
        }
    }
}

fn list(store: &ModelStore, words: &[String], console: &Console) {
    let answer = models_answer(store, None, None);
    for problem in &answer.problems {
        console.warn(&format!("lookalike: {problem}"));
    }
    let holds = |status: &&ModelStatus| {
        let entry = &status.entry;
        let text = [
            &*entry.id,
            &*entry.label,
            &*entry.summary,
            &*entry.architecture,
            reads(status),
            status.presence.label(),
        ];
        let text = text.join(" ").to_lowercase();
        words.iter().all(|word| text.contains(&word.to_lowercase()))
    };
    let statuses: Vec<&ModelStatus> = answer.statuses.iter().filter(holds).collect();
    let models: Vec<_> = statuses.iter().map(|status| object(status)).collect();
    console.answer(
        &json!({ "models": models, "folder": answer.folder, "problems": answer.problems }),
        || {
            let rows: Vec<Vec<String>> = statuses
                .iter()
                .map(|status| {
                    let entry = &status.entry;
                    vec![
                        entry.id.clone(),
                        reads(status).to_owned(),
                        size(status),
                        entry.licence.clone(),
                        state(status),
                        entry.summary.clone(),
                    ]
                })
                .collect();
            format!("{}models are kept in {}", table(&rows), answer.folder.display())
        },
    );
}

fn reads(status: &ModelStatus) -> &'static str {
    match status.entry.modality {
        Modality::Image => "pictures",
        Modality::Text => "titles",
    }
}

fn size(status: &ModelStatus) -> String {
    if status.is_ready() {
        return bytes_in_words(status.n_bytes);
    }
    status.entry.size().map_or_else(|| "unknown".to_owned(), |size| size.to_string())
}

fn state(status: &ModelStatus) -> String {
    match status.presence {
        Presence::Present(place) => {
            let digests = if status.is_pinned { "digests recorded" } else { "no digest recorded" };
            format!("ready ({}, {digests})", place.label())
        }
        Presence::Partial => format!("unfinished ({} there)", bytes_in_words(status.n_bytes)),
        Presence::Absent => "absent".to_owned(),
    }
}

fn object(status: &ModelStatus) -> serde_json::Value {
    let entry = &status.entry;
    let place = match status.presence {
        Presence::Present(place) => Some(place.label()),
        Presence::Partial | Presence::Absent => None,
    };
    json!({
        "id": entry.id, "label": entry.label, "summary": entry.summary, "reads": reads(status),
        "architecture": entry.architecture, "width": entry.width, "licence": entry.licence,
        "source": entry.source, "files": entry.files, "state": status.presence.label(), "place": place,
        "bytes": status.n_bytes, "size": entry.size(), "digests_recorded": status.is_pinned,
        "own": status.is_own, "ready": status.is_ready(),
    })
}

fn one(store: &ModelStore, task: &ModelTask, console: &Console) -> Result<(), JobError> {
    let done = with_context(|context| do_model_task(store, &Hub::resolve(None), task, context))?;
    let Some(done) = done else { return Ok(()) };
    let (answer, text) = match done {
        ModelDone::Got { entry, n_files, n_tensors } => {
            let text = match n_files {
                0 => format!("{} is there already ({n_tensors} tensors with the right shapes)", entry.id),
                _ => format!("{} is ready ({n_tensors} tensors with the right shapes)", entry.id),
            };
            (
                json!({ "id": entry.id, "files": n_files, "tensors": n_tensors, "folder": store.model_folder(&entry.id) }),
                text,
            )
        }
        ModelDone::Verified { entry, verification } => {
            let text = format!("{}: {}", entry.id, verification.summary());
            (json!({ "id": entry.id, "verification": verification }), text)
        }
        ModelDone::Added { entry } => {
            let text =
                format!("{} is ready: {}, {} numbers a row", entry.id, entry.architecture, entry.width);
            (json!({ "id": entry.id, "architecture": entry.architecture, "width": entry.width }), text)
        }
        ModelDone::Removed { id, n_bytes } => {
            let text = format!("{id} is removed; {} became free", bytes_in_words(n_bytes));
            (json!({ "id": id, "bytes": n_bytes }), text)
        }
    };
    console.answer(&answer, || text);
    Ok(())
}

/// Verifies whatever is there; fails when one is wrong, after all were looked at.
fn verify_all(store: &ModelStore, console: &Console) -> Result<(), JobError> {
    let mut lines = Vec::new();
    let mut n_wrong = 0;
    let statuses = store.statuses();
    for status in statuses.iter().filter(|status| status.is_ready()) {
        let (id, ticket) = (status.entry.id.clone(), ModelTicket(0));
        let task = ModelTask::Verify { id: id.clone(), ticket };
        let result = with_context(|context| do_model_task(store, &Hub::resolve(None), &task, context));
        let (is_right, text) = match result {
            Ok(Some(ModelDone::Verified { verification, .. })) => (true, verification.summary()),
            Ok(_) => continue,
            Err(JobError::Cancelled) => return Err(JobError::Cancelled),
            Err(error) => (false, error.to_string()),
        };
        n_wrong += usize::from(!is_right);
        lines.push((id, is_right, text));
    }
    let objects: Vec<_> = lines
        .iter()
        .map(|(id, is_right, text)| json!({ "id": id, "right": is_right, "text": text }))
        .collect();
    if n_wrong > 0 {
        for (id, _, text) in lines.iter().filter(|(_, is_right, _)| !is_right) {
            console.warn(&format!("{id}: {text}"));
        }
        return Err(JobError::Refused(format!(
            "{n_wrong} of {} models are not as they should be",
            lines.len()
        )));
    }
    console.answer(&json!({ "models": objects }), || {
        let rows: Vec<Vec<String>> =
            lines.iter().map(|(id, _, text)| vec![id.clone(), text.clone()]).collect();
        if rows.is_empty() { "no model is there".to_owned() } else { table(&rows) }
    });
    Ok(())
}

fn architectures_help() -> String {
    let image: Vec<&str> = IMAGE_ARCHITECTURES.iter().map(|architecture| architecture.id).collect();
    let text: Vec<&str> = TEXT_ARCHITECTURES.iter().map(|architecture| architecture.id).collect();
    format!("Architectures of pictures: {}\nArchitectures of titles: {}", image.join(", "), text.join(", "))
}
