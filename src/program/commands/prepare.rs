//! `petite prepare`

use crate::program::cli::PrepareArgs;
use crate::program::console::{say, warn};
use crate::program::progress::Terminal;
use crate::program::remedy::{warn_inside, warn_of_data};
use anyhow::Result;
use petite::Stop;
use petite::dataset::Prepare;
use petite::dataset::kaggle::Compared;
use petite::dataset::numbered::Numbered;
use petite::dataset::prepare::Originals;
use petite::pictures::folder::Folder;
use petite::text::numbers::{cut, with_thousands};
use petite::text::shown::shown;

pub fn run(args: &PrepareArgs, stop: &Stop) -> Result<()> {
    warn_inside("prepare", "to", &args.to, Some(&args.from));
    let what = Prepare {
        labels: args.labels.clone(),
        train: args.train,
        validation: args.validation,
        test: args.test,
        link: args.link.into(),
        shuffle: args.shuffle,
        ..Prepare::new(&args.from, &args.to)
    };
    let originals = what.read()?;
    let folders = match &originals {
        Originals::Numbered(numbered) => {
            let folders = what.write(&originals, stop, &|| ())?;
            warn_of(numbered, &folders);
            folders
        }
        Originals::Any(data) => {
            warn_of_data(data, "prepare");
            let pictures = data.folders.iter().map(|folder| folder.samples.len()).sum();
            let bar = Terminal::bar("comparing", pictures);
            let folders = what.write(&originals, stop, &|| bar.inc(1));
            bar.finish_and_clear();
            folders?
        }
    };
    // The book's sanity check: count the pictures of each folder.
    for folder in &folders {
        for (class, count) in folder.classes.iter().zip(folder.counts()) {
            say(format_args!("{:<10} {:<10} {count:>6}", folder.name, cut(class)));
        }
    }
    Ok(())
}

/// Says which pictures are not Kaggle's, and which were not used. Copies of training pictures once passed
/// for Kaggle's validation and test pictures: figures from them meant nothing.
fn warn_of(numbered: &Numbered, folders: &[Folder]) {
    let used = || folders.iter().flat_map(|folder| &folder.samples);
    let kaggle = Compared::of(used().map(|sample| sample.path.as_path()));
    if let Some(first) = kaggle.others.first() {
        warn(format_args!(
            "expected Kaggle's pictures under their names, found {} of {} with another content, first {}; try scripts/fetch_dataset.sh, unless they are pictures of your own",
            kaggle.others.len(),
            kaggle.pictures,
            shown(first)
        ));
    }
    let counted = |count: usize| with_thousands(count as i64);
    let (others, beyond) = (&numbered.others, numbered.count() - used().count());
    let unused = [
        (beyond > 0).then(|| format!("{} pictures with higher numbers", counted(beyond))),
        others.first().map(|first| {
            format!("{} with other names (first {})", counted(others.len()), shown(first.as_ref()))
        }),
    ];
    let unused: Vec<String> = unused.into_iter().flatten().collect();
    if !unused.is_empty() {
        warn(format_args!("passed over {}", unused.join(", ")));
    }
}
