//! What the program adds to the library's errors: flags in place of field names, and what to try.

use crate::program::bad_list;
use crate::program::cli::Cli;
use crate::program::console::warn;
use clap::CommandFactory;
use petite::dataset::data_set::DataSet;
use petite::error::BadPictures;
use petite::pictures::output;
use petite::{Error, ErrorKind};
use std::path::Path;

/// The error's text, followed by what to try unless it already says so.
pub fn add_to(error: &Error, command: &str) -> String {
    let mut text = error.to_string();
    if error.kind() == ErrorKind::BadPictures {
        if let Some(BadPictures(folders)) = error.downcast_ref() {
            text += &bad_list::rest(folders);
        }
        // A picture that was removed or changed meanwhile.
        if text.contains("; try restoring it") {
            return text;
        }
        if command == "predict" {
            return format!("{text}\ntry without them");
        }
        let skip = has_flag(command, "skip_bad_pictures");
        return format!(
            "{text}\ntry removing them{}",
            if skip { ", or `skip_bad_pictures`" } else { "" }
        );
    }
    if text.contains("; try ") {
        return text;
    }
    let remedy = match (error.kind(), command) {
        (ErrorKind::DataSet, "prepare") => "scripts/fetch_dataset.sh, or another `from`",
        (ErrorKind::DataSet, "predict") => "the path of a picture, or of a folder of them",
        (ErrorKind::DataSet, _) => "petite prepare to create a data set, or another `data`",
        (ErrorKind::Run, _) => "petite train to create a run",
        (ErrorKind::Weights, _) => "another file",
        (ErrorKind::OutOfMemory, _) => "a smaller `batch_size` or `image_size`",
        _ => return text,
    };
    format!("{text}; try {remedy}")
}

/// `text` with each field name in backticks replaced by `command`'s flag for it, if it has one:
/// `` `image_size` `` becomes `--image-size`.
pub fn with_flags(text: &str, command: &str) -> String {
    let program = Cli::command();
    let Some(command) = program.find_subcommand(command) else { return text.to_owned() };
    let flag = |name: &str| {
        let arg = command.get_arguments().find(|arg| arg.get_id() == name)?;
        match arg.get_long() {
            Some(long) => Some(format!("--{long}")),
            None => arg.get_value_names().map(|names| names.join(" ")),
        }
    };
    let mut parts = text.split('`');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(name) = parts.next() {
        let after = parts.next();
        match flag(name) {
            Some(flag) => out += &flag,
            None => out += &format!("`{name}{}", if after.is_some() { "`" } else { "" }),
        }
        out += after.unwrap_or_default();
    }
    out
}

/// Warns that `to`, the value of `command`'s `setting`, is inside the folder `data` of pictures.
pub fn warn_inside(command: &str, setting: &str, to: &Path, data: Option<&Path>) {
    if let Some(odd) = data.and_then(|data| output::inside(setting, to, data)) {
        warn(format_args!("warning: {}", with_flags(&odd, command)));
    }
}

/// Says what of `data` is not used or odd.
pub fn warn_of_data(data: &DataSet, command: &str) {
    if !data.passed_over.is_empty() {
        warn(format_args!("passed over {}", data.passed_over));
    }
    data.odd.iter().for_each(|odd| warn(format_args!("warning: {}", with_flags(odd, command))));
}

fn has_flag(command: &str, name: &str) -> bool {
    let program = Cli::command();
    let command = program.find_subcommand(command);
    command.is_some_and(|command| command.get_arguments().any(|arg| arg.get_id() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_flags_where_the_command_has_them() {
        let text = "expected `batch_size` of 1 or more, found `x`; try `out` DIR";
        let expected = "expected --batch-size of 1 or more, found `x`; try --out DIR";
        assert_eq!(with_flags(text, "train"), expected);
        assert_eq!(with_flags("a `lone backtick", "train"), "a `lone backtick");
        assert_eq!(with_flags("try another `to`", "convert"), "try another OUT");
        assert_eq!(with_flags("`cuda_graph`", "train"), "--no-cuda-graph");
    }
}
