//! The `lookalike` program: parses the arguments and starts one of the faces.

fn main() -> std::process::ExitCode {
    lookalike::cli::main()
}
