//! Predicting pictures from their files, and the network alone on the same pictures once decoded:
//! the ratio of the two is what reading the pictures costs. Measures the book's convnet, and the
//! run in `PETITE_RUN` if it is set.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::batches::loader::Loader;
use petite::pictures::pixels::decode_all;
use petite::run::folder::RunFolder;
use petite::run::predict::trained::Trained;
use petite::{Config, Inference, Predict, Predictor, Recipe, Silent, Stop};
use std::hint::black_box;
use std::path::PathBuf;
use support::{DataSet, short};

/// How often the pictures are repeated, for several parts to be decoded ahead.
const REPEATS: usize = 6;

fn predicting(criterion: &mut Criterion) {
    let data = DataSet::new();
    let convnet = data.path().join("run");
    let mut config = Config::new(Recipe::Baseline, data.path());
    (config.training.epochs, config.training.steps_per_epoch, config.output.folder) =
        (1, Some(1), convnet.clone());
    petite::train(&config, &mut Silent).unwrap();
    let other = std::env::var_os("PETITE_RUN").map(PathBuf::from);

    let mut folder = data.split("train");
    folder.samples = vec![folder.samples; REPEATS].concat();
    let mut group = criterion.benchmark_group("predict");
    group.throughput(Throughput::Elements(folder.samples.len() as u64));
    for run in [Some(convnet), other].into_iter().flatten() {
        let paths = folder.samples.iter().map(|sample| sample.path.clone());
        let predictor = Predictor::new(&Predict::new(&run, paths)).unwrap();
        let run = RunFolder::open(&run).unwrap();
        let trained = Trained::load(&run, Inference::default()).unwrap();
        let config = &trained.record.train;
        let (pixels, bad) =
            decode_all(&folder, config.target(), 0, &Stop::default(), &|| ()).unwrap();
        assert!(bad.is_empty(), "{bad:?}");
        let (name, device) = (config.network.model.name(), trained.network.device());
        let mut loader = Loader::sorted(pixels, device, predictor.batch_size()).unwrap();
        group.bench_function(format!("{name}, the network alone"), |bench| {
            bench.iter(|| {
                for step in 0..loader.steps_per_epoch() {
                    let batch = loader.batch(0, step).unwrap();
                    let logits = tch::no_grad(|| trained.network.logits(&batch.input)).unwrap();
                    let probabilities = trained.loss.probabilities(&logits).unwrap();
                    black_box(Vec::<f32>::try_from(probabilities.flatten(0, -1)).unwrap());
                }
            });
        });
        drop(loader);
        group.bench_function(format!("{name}, from files"), |bench| {
            bench.iter(|| {
                let each = |outcome| {
                    black_box(&outcome);
                    Ok(())
                };
                predictor.each(&mut Silent, each).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = predicting }
criterion_main!(benches);
