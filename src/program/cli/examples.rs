//! Examples at the end of each command's help. A line that begins with `petite` is a command line.

pub const PREPARE: &str = "\
Examples:
  # Listing 5.4's split of Kaggle's pictures
  petite prepare --from data/originals --to data/dogs-vs-cats --link symbolic
  # Half of the pictures of each class, by their content
  petite prepare --from flowers.zip --to data/flowers --train 0.5
  petite prepare --from scans --labels scans.csv --to data/scans";

pub const SYNTHESIZE: &str = "\
Examples:
  petite synthesize --to data/drawn
  petite synthesize --to data/drawn --each 100 --seed 2";

pub const SUMMARY: &str = "\
Examples:
  petite summary
  petite summary --downsample stride --image-size 96
  petite summary --model vgg16 --through block4_pool
  petite summary --model mobilenet --weights mobilenet.safetensors";

pub const TRAIN: &str = "\
Examples:
  # The baseline of the chapter, and the augmented network with TensorBoard
  petite train --data data/dogs-vs-cats --out runs/baseline
  petite train --recipe augmented --data data/dogs-vs-cats --out runs/augmented --tensorboard
  # A head on a pretrained base, for pictures of your own in class folders
  petite train --recipe features --model mobilenet --data my-pictures --out runs/mine
  # Ten more epochs; a batch job continues what it finds with --resume auto
  petite train --resume --epochs 40 --out runs/baseline";

pub const EVALUATE: &str = "\
Examples:
  petite evaluate --run runs/baseline
  petite evaluate --run runs/baseline --split validation --weights best --flip
  petite evaluate --run runs/baseline --data other-pictures --split all --json
  # Is the augmented network better?
  petite evaluate --run runs/augmented --against runs/baseline";

pub const PREDICT: &str = "\
Examples:
  petite predict --run runs/mine cat.jpg new-pictures/
  petite predict --run runs/mine new-pictures/ --csv new.csv --into sorted/
  # Of each picture that find lists, the three most probable classes
  find . -name '*.jpg' | petite predict --run runs/mine --top 3 -";

pub const REPORT: &str = "\
Examples:
  petite report runs/baseline
  petite report runs/baseline --reference book-baseline --to baseline.html
  # Two runs side by side
  petite report runs/baseline runs/augmented --weights best --to both.html";

pub const SERVE: &str = "\
Examples:
  petite serve runs/mine
  # For other machines: curl -H Content-Type: --data-binary @a.jpg NAME:8080/predict
  petite serve runs/mine --host 0.0.0.0 --allow-host NAME
  # Behind a proxy for https://pics.example.com/, and for a page of your own elsewhere
  petite serve runs/mine --allow-host pics.example.com --allow-origin https://www.example.com";

pub const COMPARE: &str = "\
Examples:
  petite compare --list
  petite compare --run runs/baseline --reference book-baseline
  # The mean of five seeds; fails if it is outside the spread
  petite compare --run runs/five-seeds --reference book-baseline --strict
  petite compare --run runs/baseline --reference keras.csv --to curves/";

pub const CONVERT: &str = "\
Examples:
  petite convert runs/baseline weights.safetensors
  petite convert runs/baseline best.npz --weights best
  petite convert vgg16.pth vgg16.safetensors --force";

pub const EXPORT: &str = "\
Examples:
  petite export runs/mine --to mine.onnx
  petite export runs/mine --to mine.pt --weights best
  petite export runs/mine --to mine.keras --python /tmp/keras/bin/python";

pub const IMPORT: &str = "\
Examples:
  petite import weights.npz --out runs/imported --data data/dogs-vs-cats
  petite import weights.safetensors --out runs/imported --classes cats,dogs";

pub const PLOT: &str = "\
Examples:
  petite plot --run runs/baseline
  petite plot --run runs/five-seeds/seed-2";

pub const PREVIEW: &str = "\
Examples:
  petite preview --data data/dogs-vs-cats --to pictures.png
  petite preview --data data/dogs-vs-cats --recipe augmented --to augmented.png
  petite preview --data my-pictures --rotation-range 20 --picture cat.jpg --to cat.png";

pub const WATCH: &str = "\
Examples:
  petite watch runs/baseline
  # Two runs in one plot, or all of train --repeats
  petite watch runs/baseline runs/augmented
  petite watch runs/five-seeds
  # On another machine
  ssh gpu petite watch runs/baseline | tee baseline.log";

pub const SUSPECTS: &str = "\
Examples:
  petite suspects --data my-pictures --to suspects
  # After corrections in the list
  petite suspects --data my-pictures --labels suspects/suspects.csv --to again
  petite suspects --data my-pictures --model resnet18 --count 50 --to suspects";

pub const DOCTOR: &str = "\
Examples:
  petite doctor
  petite doctor --device cuda
  petite doctor --data data/dogs-vs-cats";

pub const COMPLETIONS: &str = "\
Examples:
  petite completions bash > ~/.local/share/bash-completion/completions/petite
  petite completions zsh > ~/.zfunc/_petite
  petite completions fish > ~/.config/fish/completions/petite.fish";

pub const MAN: &str = "\
Examples:
  petite man train | man -l -
  petite man --to ~/.local/share/man/man1";

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use clap::{CommandFactory, Parser};

    /// The command line in a line of examples, without what the shell does with it.
    fn command_line(line: &str) -> Option<Vec<String>> {
        if line.trim_start().starts_with('#') {
            return None;
        }
        let from = line.find("petite ")?;
        let words = line[from..].split_whitespace();
        let own = words.take_while(|word| !["|", ">"].contains(word));
        Some(own.map(str::to_owned).collect())
    }

    #[test]
    fn every_command_has_examples_that_it_accepts() {
        let mut program = Cli::command();
        program.build();
        for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
            let name = command.get_name();
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:\n"), "{name}: {help}");
            let lines: Vec<_> = help.lines().skip(1).collect();
            assert!(lines.iter().all(|line| line.starts_with("  ") && line.len() <= 96), "{help}");
            let commands: Vec<_> = lines.into_iter().filter_map(command_line).collect();
            assert!((2..=4).contains(&commands.len()), "{name}: {commands:?}");
            for words in commands {
                assert_eq!(words[1], name);
                if let Err(error) = Cli::try_parse_from(&words) {
                    panic!("{words:?}: {error}");
                }
            }
        }
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }
}
