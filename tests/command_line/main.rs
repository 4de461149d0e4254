//! The built program as people and scripts run it: answers, refusals, exit codes, what survives a kill, and the accuracy it
//! must reach on the shared benchmarks (skipped, and said so, where they are absent).
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(clippy::print_stdout, reason = "figures are reported beside the assertions on them")]

mod accuracy;
mod answers;
mod composites;
mod killed;
mod killed_review;
mod look_alikes;
mod models;
mod network;
mod program;
mod refusals;
mod train;
