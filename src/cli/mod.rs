//! Floor 7: the command line, one file a subcommand. The only module that prints to standard output.
//! Exit codes stand in [`exit`]; answers go to standard output, everything else to standard error.

mod catalog_args;
mod console;
mod cross_validate;
mod demo;
mod doctor;
mod encoders;
mod evaluate;
mod export;
mod fusions;
mod headless;
mod import;
mod index;
mod match_args;
mod matchers;
mod matches;
mod measure;
mod models;
mod open;
mod progress;
mod rank;
mod receipts;
mod recipes;
mod search;
mod session;
mod sweep_map;
mod train;
mod window;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::jobs::JobError;
use console::Console;

/// What the program's exit codes mean.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// It could not be done; the message says why and what to do.
    pub const FAILED: u8 = 1;
    /// The arguments make no sense.
    pub const USAGE: u8 = 2;
    /// Stopped by Ctrl-C; the same command goes on where it stopped.
    pub const STOPPED: u8 = 130;
}

const AFTER_HELP: &str = "Exit codes: 0 done; 1 failed (the message says why); 2 wrong arguments; \
130 stopped by Ctrl-C (the same command goes on where it stopped).\n\
With --json, exactly one JSON object is printed to standard output; a failure is {\"error\": \"...\"}.";

/// Find, review and learn product look-alikes. Without a subcommand the window opens.
#[derive(Debug, Parser)]
#[command(name = "lookalike", version, about, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print one machine-readable JSON object.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Open(open::Args),
    Demo(demo::Args),
    Index(index::Args),
    Match(matches::Args),
    Evaluate(evaluate::Args),
    Search(search::Args),
    Rank(rank::Args),
    Export(export::Args),
    Import(import::Args),
    Encoders(encoders::Args),
    Models(models::Args),
    Fusions(fusions::Args),
    Matchers(matchers::Args),
    Recipes(recipes::Args),
    Train(train::Args),
    Measure(measure::Args),
    CrossValidate(cross_validate::Args),
    Receipts(receipts::Args),
    Promote(receipts::PromoteArgs),
    Rollback(receipts::RollbackArgs),
    Doctor(doctor::Args),
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    // clap itself prints usage errors and exits with 2.
    let cli = Cli::parse();
    let console = Console::new(if cli.json { console::Format::Json } else { console::Format::Text });
    let result = match cli.command {
        None => window::run(&console),
        Some(Command::Open(args)) => open::run(args),
        Some(Command::Demo(args)) => demo::run(&args, &console),
        Some(Command::Index(args)) => index::run(&args, &console),
        Some(Command::Match(args)) => matches::run(&args, &console),
        Some(Command::Evaluate(args)) => evaluate::run(&args, &console),
        Some(Command::Search(args)) => search::run(&args, &console),
        Some(Command::Rank(args)) => rank::run(&args, &console),
        Some(Command::Export(args)) => export::run(&args, &console),
        Some(Command::Import(args)) => import::run(&args, &console),
        Some(Command::Encoders(args)) => encoders::run(&args, &console),
        Some(Command::Models(args)) => models::run(&args, &console),
        Some(Command::Fusions(args)) => fusions::run(&args, &console),
        Some(Command::Matchers(args)) => matchers::run(&args, &console),
        Some(Command::Recipes(args)) => recipes::run(&args, &console),
        Some(Command::Train(args)) => train::run(&args, &console),
        Some(Command::Measure(args)) => measure::run(&args, &console),
        Some(Command::CrossValidate(args)) => cross_validate::run(&args, &console),
        Some(Command::Receipts(args)) => receipts::run(&args, &console),
        Some(Command::Promote(args)) => receipts::promote(&args, &console),
        Some(Command::Rollback(args)) => receipts::roll_back(&args, &console),
        Some(Command::Doctor(args)) => doctor::run(&args, &console),
    };
    match result {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            console.fail(&error);
            ExitCode::from(if matches!(error, JobError::Cancelled) { exit::STOPPED } else { exit::FAILED })
        }
    }
}
