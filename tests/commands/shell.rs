//! What shells and `man` get: completions, pages, examples and colors.

use super::skipped::skipped;
use super::support::{Workspace, entries, error_of, output_of, petite, usage_error_of};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `script` in a shell; `None` if it is not installed, after saying so.
fn shell(test: &str, name: &str, arguments: &[&str], script: &str) -> Option<String> {
    let mut command = Command::new(name);
    command.args(arguments).arg(script).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        skipped(test, &format!("no {name}"));
        return None;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{name}: {error}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The words after which shells are asked, and some of what they offer, sorted.
const ASKED: [(&str, &[&str]); 5] = [
    ("petite ", &["completions", "train", "watch"]),
    ("petite train --recipe ", &["augmented", "baseline", "fine-tune"]),
    ("petite train --model ", &["convnet", "mobilenet", "vgg16"]),
    ("petite train --device ", &["auto", "cpu", "cuda"]),
    ("petite doctor --device c", &["cpu", "cuda"]),
];

fn assert_offers(name: &str, asked: &str, offered: &str, expected: &[&str]) {
    let words: Vec<&str> = offered.split_whitespace().collect();
    for word in expected {
        assert!(words.contains(word), "{name} offers for {asked:?}: {offered}");
    }
}

#[test]
fn bash_completes_commands_and_values() {
    let workspace = Workspace::empty();
    workspace.write("petite", output_of(&mut petite("completions bash")).as_bytes());
    let script = workspace.path("petite").display().to_string();
    for (asked, expected) in ASKED {
        let asked_words: Vec<&str> = asked.split(' ').collect();
        let script = format!(
            "source '{script}'; COMP_WORDS=({asked} {empty}); COMP_CWORD={at}; \
             _petite petite '{word}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
            empty = if asked.ends_with(' ') { "''" } else { "" },
            at = asked_words.len() - 1,
            word = asked_words[asked_words.len() - 1],
            before = asked_words[asked_words.len() - 2],
        );
        let test = "shell::bash_completes_commands_and_values";
        let Some(offered) = shell(test, "bash", &["--norc", "-c"], &script) else { return };
        assert_offers("bash", asked, &offered, expected);
    }
}

#[test]
fn fish_completes_commands_and_values() {
    let workspace = Workspace::empty();
    workspace.write("petite.fish", output_of(&mut petite("completions fish")).as_bytes());
    for (asked, expected) in ASKED {
        let file = workspace.path("petite.fish");
        let script = format!("source '{}'; complete --do-complete '{asked}'", file.display());
        let test = "shell::fish_completes_commands_and_values";
        let arguments = ["--no-config", "-c"];
        let Some(offered) = shell(test, "fish", &arguments, &script) else { return };
        assert_offers("fish", asked, &offered, expected);
    }
}

/// `text` without what moves the cursor and selects colors.
fn without_sequences(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let letter = part.trim_start_matches(|c: char| c.is_ascii_digit() || ";?".contains(c));
        format!("{text} {}", letter.get(1..).unwrap_or_default())
    })
}

/// zsh offers completions only to a person at a terminal, which its module zpty stands in for.
#[test]
fn zsh_completes_commands_and_values() {
    let workspace = Workspace::empty();
    workspace.write("_petite", output_of(&mut petite("completions zsh")).as_bytes());
    let folder = workspace.path("").display().to_string();
    for (asked, expected) in ASKED {
        let script = format!(
            "zmodload zsh/zpty; zpty shell zsh -f -i; \
             zpty -w shell \"PS1=; fpath=('{folder}' \\$fpath); autoload -U compinit; compinit -u -D; \
             zstyle ':completion:*' list-colors ''; LISTMAX=1000; stty cols 200 rows 100; echo rea''dy\"; \
             zpty -r -m shell out '*ready*'; \
             zpty -w -n shell $'{asked}\\t\\t'; \
             zpty -r -m shell out '*{last}*'; print -r -- $out; zpty -d shell",
            last = expected[expected.len() - 1],
        );
        let test = "shell::zsh_completes_commands_and_values";
        if shell(test, "zsh", &["-f", "-c"], ":").is_none() {
            return;
        }
        let arguments = ["60", "zsh", "-f", "-c"];
        let Some(offered) = shell(test, "timeout", &arguments, &script) else { return };
        assert_offers("zsh", asked, &without_sequences(&offered), expected);
    }
}

#[test]
fn manual_pages_are_correct_roff() {
    let workspace = Workspace::empty();
    let pages = workspace.path("man/man1");
    let said = output_of(petite("man --to").arg(&pages));
    let names = entries(&pages);
    assert!(said.starts_with(&format!("{} pages", names.len())), "{said}");
    for name in ["petite.1", "petite-train.1", "petite-watch.1", "petite-man.1"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    let train = std::fs::read_to_string(pages.join("petite-train.1")).unwrap();
    assert_eq!(output_of(&mut petite("man train")), train.trim_end().to_owned() + "\n");
    for part in [".SH EXAMPLES", "petite train \\-\\-resume", "\\-\\-tensorboard", "\\-\\-recipe"] {
        assert!(train.contains(part), "{part}");
    }
    let main = std::fs::read_to_string(pages.join("petite.1")).unwrap();
    for part in [".SH \"EXIT STATUS\"", ".SH ENVIRONMENT", "petite\\-train(1)"] {
        assert!(main.contains(part), "{part}: {main}");
    }
    assert!(error_of(&mut petite("man nonsense")).contains("expected a command, found nonsense"));
    assert!(usage_error_of(petite("man train --to").arg(&pages)).contains("cannot be used with"));

    let test = "shell::manual_pages_are_correct_roff";
    for name in names {
        let mut lint = Command::new("mandoc");
        let Ok(output) = lint.args(["-T", "lint", "-W", "error"]).arg(pages.join(&name)).output()
        else {
            return skipped(test, "no mandoc");
        };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Those of every command are tested beside them.
#[test]
fn help_ends_with_examples() {
    for line in ["train --help", "watch -h"] {
        let help = output_of(&mut petite(line));
        let (_, examples) = help.rsplit_once("\nExamples:\n").unwrap();
        assert!(examples.contains("  petite "), "{help}");
    }
}

/// Runs a shell's command line in a pseudoterminal.
fn in_terminal(line: &str, set: &[(&str, &str)]) -> Option<Output> {
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(set.iter().copied());
    let output = command.output();
    if output.is_err() {
        skipped("shell::colors_are_for_terminals", "no script");
    }
    output.ok()
}

#[test]
fn colors_are_for_terminals() {
    let program = assert_cmd::cargo::cargo_bin!("petite");
    let program = Path::new(program).display().to_string();
    let is_colored = |output: &[u8]| output.contains(&0x1b);
    for arguments in ["--help", "train --nonsense", "plot --run nowhere"] {
        let line = format!("{program} {arguments}");
        let Some(output) = in_terminal(&line, &[]) else { return };
        assert!(is_colored(&output.stdout), "{arguments}: {output:?}");
        for plain in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let output = in_terminal(&line, &[plain]).unwrap();
            assert!(!output.stdout.is_empty() && !is_colored(&output.stdout), "{output:?}");
        }
        let output = petite(arguments).env_remove("CLICOLOR_FORCE").output().unwrap();
        assert!(!is_colored(&output.stdout) && !is_colored(&output.stderr), "{output:?}");
        let output = petite(arguments).env("CLICOLOR_FORCE", "1").output().unwrap();
        assert!(is_colored(&[output.stdout, output.stderr].concat()), "{arguments}");
    }
}
