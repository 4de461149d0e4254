//! Orders and answers of the server, without a project.
