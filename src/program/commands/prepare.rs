//! `petite prepare`

use crate::program::cli::PrepareArgs;
use crate::program::console::{say, warn};
use crate::program::progress::Terminal;
use crate::program::remedy::{warn_inside, warn_of_data};
use anyhow::{Result, bail, ensure};
use petite::Stop;
use petite::dataset::archive;
use petite::dataset::arrange::arrange;
use petite::dataset::data_set::DataSet;
use petite::dataset::kaggle::Compared;
use petite::dataset::part::{PartSize, PartSizes};
use petite::dataset::split::{Count, Sizes, Split, is_numbered, split};
use petite::text::numbers::{cut, with_thousands};
use petite::text::shown::shown;
use std::path::Path;

pub fn run(args: &PrepareArgs, stop: &Stop) -> Result<()> {
    warn_inside("prepare", "to", &args.to, Some(&args.from));
    // Kaggle's own zip has pictures by number, too.
    let from = archive::unpacked(&args.from)?;
    let counts = match args.labels.is_none() && is_numbered(&from)? {
        true => split_numbered(args, &from, stop)?,
        false => split_any(args, stop)?,
    };
    // The book's sanity check: count the pictures of each folder.
    for count in counts {
        say(format_args!("{:<10} {:<10} {:>6}", count.split, cut(&count.class), count.pictures));
    }
    Ok(())
}

/// Kaggle's pictures, by number.
fn split_numbered(args: &PrepareArgs, from: &Path, stop: &Stop) -> Result<Vec<Count>> {
    let number = |flag: &str, size: Option<PartSize>, default| match size {
        None => Ok(default),
        Some(PartSize::Count(count)) => Ok(count),
        Some(PartSize::Share(0.0)) => Ok(0),
        Some(PartSize::Share(share)) => bail!(
            "expected a number of pictures with --{flag} for names like Kaggle's, found {share}; try {default}"
        ),
    };
    let sizes = Sizes {
        train: number("train", args.train, 1000)?,
        validation: number("validation", args.validation, 500)?,
        test: number("test", args.test, 500)?,
    };
    let Split { counts, kaggle, beyond, others } =
        split(from, &args.to, sizes, args.link.into(), args.shuffle, stop)?;
    warn_of(&kaggle);
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
    Ok(counts)
}

fn counted(count: usize) -> String {
    with_thousands(count as i64)
}

/// Copies of training pictures once passed for Kaggle's validation and test pictures: figures from
/// them meant nothing.
fn warn_of(kaggle: &Compared) {
    let (found, known) = (kaggle.others.len(), kaggle.pictures);
    let Some(first) = kaggle.others.first() else { return };
    warn(format_args!(
        "expected Kaggle's pictures under their names, found {found} of {known} with another content, first {}; try scripts/fetch_dataset.sh, unless they are pictures of your own",
        shown(first)
    ));
}

/// Any pictures, by content.
fn split_any(args: &PrepareArgs, stop: &Stop) -> Result<Vec<Count>> {
    ensure!(
        args.shuffle.is_none(),
        "expected names like Kaggle's with --shuffle, found others; try without it"
    );
    let data = DataSet::read(&args.from, args.labels.as_deref(), false)?;
    warn_of_data(&data, "prepare");
    let usual = PartSizes::default();
    let sizes = PartSizes {
        train: args.train,
        validation: args.validation.unwrap_or(usual.validation),
        test: args.test.unwrap_or(usual.test),
    };
    let is_asked = args.train.or(args.validation).or(args.test).is_some();
    let bar = Terminal::bar("comparing", data.folders.iter().map(|f| f.samples.len()).sum());
    let (link, sizes) = (args.link.into(), is_asked.then_some(sizes));
    let counts = arrange(&data, &args.to, sizes, link, stop, &|| bar.inc(1));
    bar.finish_and_clear();
    counts
}
