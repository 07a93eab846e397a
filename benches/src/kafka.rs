//! A topic that is full already: rows a second and core that the hub consumes, protects and commits.
//!
//! The broker is whatever stands at the address; it and this program work beside the hub, whose own processor seconds are counted.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::child::{cpu_seconds_of, peak_mib_of};
use crate::table::{note, print};
use crate::visits::{Form, Visits, rules};

/// Brokers that give all that there is at once, whatever they are asked for, give more than a client takes with more rows than these.
const ROWS: u64 = 300_000;
const MEMBERS: u64 = 200_000;
const LONGEST: Duration = Duration::from_secs(600);
/// How often it is looked how far the hub is.
const LOOK: Duration = Duration::from_millis(50);
/// How long a question to the broker may take.
const ASK: Duration = Duration::from_secs(5);

/// Fills a topic of the broker at an address, and lets a hub consume it.
pub(crate) fn bench(words: &[&str]) -> Result<()> {
    let (broker, rows) = match words {
        [broker] => (*broker, ROWS),
        [broker, rows] => (*broker, rows.parse().context("a number of rows")?),
        _ => bail!(
            "say where a broker is that speaks the Kafka protocol, and how many rows: `kafka 127.0.0.1:9092`"
        ),
    };
    let topic = format!("membrane-bench-{}", std::process::id());
    note(&format!("sending {rows} messages"));
    fill(broker, &topic, rows)?;
    let dir = tempfile::tempdir().context("make a folder")?;
    let home = dir.path();
    lay_out(home, broker, &topic)?;
    run(home, &["keys", "init"])?;
    note("the hub consumes them");
    let log = home.join("log");
    let file = std::fs::File::create(&log).context("make a file")?;
    let child =
        command(home, &["serve", "--address", "127.0.0.1:0"])?.stdout(Stdio::null()).stderr(file).spawn();
    let mut hub = Stopped(child.context("start a hub")?);
    let pid = hub.0.id();
    let (began, told) = (Instant::now(), Told::new(broker, &topic)?);
    // From its first commit on: it has begun by then.
    let mut first = None;
    let (count, cpu, seconds) = loop {
        std::thread::sleep(LOOK);
        // While the group is dealt out the broker may not answer.
        let committed = told.messages().unwrap_or_default();
        let now = (committed, cpu_seconds_of(pid)?, began.elapsed().as_secs_f64());
        let (before, cpu, seconds) = *first.get_or_insert(now);
        if committed == 0 {
            first = None;
        }
        if committed >= rows {
            break (committed.saturating_sub(before), now.1 - cpu, now.2 - seconds);
        }
        ensure!(hub.0.try_wait()?.is_none(), "the hub ended: {}", std::fs::read_to_string(&log)?);
        ensure!(began.elapsed() < LONGEST, "{committed} of {rows} rows after ten minutes");
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of rows below 2^53")]
    let count = count as f64;
    print("");
    print("| a topic that is full | rows | rows/s | rows a second and core | peak memory, MiB |");
    print("| --- | ---: | ---: | ---: | ---: |");
    print(&format!(
        "| NDJSON | {rows} | {:.0} | {:.0} | {:.0} |",
        count / seconds,
        count / cpu,
        peak_mib_of(pid)?
    ));
    Ok(())
}

/// A hub that is ended with this.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fill(broker: &str, topic: &str, rows: u64) -> Result<()> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker)
        .set("allow.auto.create.topics", "true")
        .set("queue.buffering.max.messages", "1000000")
        .set("linger.ms", "20");
    let producer: ThreadedProducer<DefaultProducerContext> = config.create().context("reach the broker")?;
    let visits = Visits { rows, members: MEMBERS, form: Form::Ndjson };
    let mut text = String::new();
    for number in 0..rows {
        text.clear();
        visits.row(number, &mut text);
        let mut record: BaseRecord<'_, (), str> = BaseRecord::to(topic).payload(text.trim_end());
        while let Err((error, again)) = producer.send(record) {
            ensure!(
                error.rdkafka_error_code() == Some(rdkafka::types::RDKafkaErrorCode::QueueFull),
                "the broker takes no message: {error}"
            );
            record = again;
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    producer.flush(LONGEST).context("send the messages")
}

/// Writes catalog and configuration of the hub.
fn lay_out(home: &Path, broker: &str, topic: &str) -> Result<()> {
    let catalog = home.join("catalog");
    let done = Command::new("cp").arg("-r").arg(rules().join("catalog")).arg(&catalog).status();
    ensure!(done.context("copy the catalog")?.success(), "the catalog could not be copied");
    std::fs::create_dir_all(catalog.join("sources")).context("make a folder")?;
    let source = format!(
        "description: Visits.\ndataset: visits\nkind: kafka\nbrokers: ['{broker}']\ntopic: {topic}\ngroup: {topic}\nformat: json\n"
    );
    std::fs::write(catalog.join("sources/visits.yaml"), source).context("write the source")
}

fn command(home: &Path, words: &[&str]) -> Result<Command> {
    let program = std::env::current_exe().context("find this program")?.with_file_name("membrane");
    let mut command = Command::new(program);
    command.args(words).arg("--catalog").arg(home.join("catalog"));
    command.arg("--policies").arg(rules().join("policies"));
    command.env("MEMBRANE__POLICIES__SERVE", "folder").current_dir(home).stdin(Stdio::null());
    Ok(command)
}

fn run(home: &Path, words: &[&str]) -> Result<String> {
    let output = command(home, words)?.output().context("run `membrane`, built beside this program")?;
    ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// What asks the broker how far the hub is: it is told after each commit of the table.
struct Told {
    consumer: BaseConsumer,
    topic: String,
}

impl Told {
    fn new(broker: &str, topic: &str) -> Result<Self> {
        let mut config = ClientConfig::new();
        let config = config.set("bootstrap.servers", broker).set("group.id", topic);
        Ok(Self { consumer: config.create().context("reach the broker")?, topic: topic.to_owned() })
    }

    /// Returns the messages that are committed.
    fn messages(&self) -> Result<u64> {
        let told = self.consumer.fetch_metadata(Some(&self.topic), ASK).context("ask for partitions")?;
        let mut asked = TopicPartitionList::new();
        for partition in told.topics().iter().flat_map(|topic| topic.partitions()) {
            asked.add_partition(&self.topic, partition.id());
        }
        let told = self.consumer.committed_offsets(asked, ASK).context("ask for offsets")?;
        let offsets = told.elements().into_iter().map(|element| match element.offset() {
            Offset::Offset(offset) => u64::try_from(offset).unwrap_or_default(),
            _ => 0,
        });
        Ok(offsets.sum())
    }
}
