//! `lookalike demo`: writes the demo catalogue as files.

use std::path::PathBuf;

use super::console::Console;
use crate::catalog::demo;
use crate::jobs::JobError;

/// Write the demo catalogue (catalog.csv and images/) to a folder.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of distinct products.
    #[arg(long, value_name = "N", default_value_t = demo::DEFAULT_N_PRODUCTS)]
    products: u32,
    /// Seed of everything random in it.
    #[arg(long, value_name = "S", default_value_t = demo::DEFAULT_SEED)]
    seed: u64,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let n_postings = demo::write(&args.out, args.products, args.seed)?;
    let answer = serde_json::json!({
        "out": args.out, "products": args.products, "seed": args.seed, "postings": n_postings,
    });
    console.answer(&answer, || format!("{n_postings} postings written to {}", args.out.display()));
    Ok(())
}
