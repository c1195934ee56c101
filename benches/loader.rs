//! A split from its files, as before the first epoch, and its batches, as in every epoch.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::batches::loader::Loader;
use petite::batches::order::Batching;
use petite::pictures::disk_cache;
use petite::pictures::pixels::decode_all;
use petite::pictures::source::Source;
use petite::pictures::stream::Stream;
use support::{DataSet, TARGET, short};
use tch::Device;

fn loading(criterion: &mut Criterion) {
    let data = DataSet::new();
    let folder = data.split("train");
    let mut group = criterion.benchmark_group("loader");
    group.throughput(Throughput::Elements(folder.samples.len() as u64));
    for threads in [1, 0] {
        let name = if threads == 0 { "cold, a thread a core" } else { "cold, one thread" };
        group.bench_function(name, |bench| {
            bench.iter(|| {
                decode_all(&folder, TARGET, threads, &petite::Stop::default(), &|| ()).unwrap()
            });
        });
    }
    let cache = tempfile::tempdir().unwrap();
    let open = || {
        disk_cache::open(cache.path(), &folder, TARGET, 0, &petite::Stop::default(), &|| ())
            .unwrap()
    };
    assert_eq!(open().decoded, folder.samples.len());
    group.bench_function("warm, from the disk cache", |bench| {
        bench.iter(|| assert_eq!(open().decoded, 0));
    });
    let stop = petite::Stop::default();
    let (stream, _) = Stream::open(&folder, TARGET, 0, false, &stop, &|| ()).unwrap();
    let sources: [(&str, Source); 2] = [
        ("a pass in batches of 20", data.pixels("train").into()),
        ("a streamed pass in batches of 20", Source::Streamed(stream)),
    ];
    for (name, source) in sources {
        let mut loader = Loader::new(source, Device::Cpu, Batching::shuffled(20, 1)).unwrap();
        let mut epoch = 0;
        group.bench_function(name, |bench| {
            bench.iter(|| {
                for step in 0..loader.steps_per_epoch() {
                    std::hint::black_box(loader.batch(epoch, step).unwrap());
                }
                epoch += 1;
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = loading }
criterion_main!(benches);
