//! A broker that speaks the Kafka protocol, on a port of its own, and what is sent to it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use tempfile::TempDir;

use crate::program::{SPAWNS, installed};

/// How long a broker may take for anything.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) struct Broker {
    dir: TempDir,
    port: u16,
    address: String,
    child: Option<Child>,
    mock: Option<MockCluster<'static, DefaultProducerContext>>,
    producer: Option<ThreadedProducer<DefaultProducerContext>>,
}

impl Broker {
    /// Starts one with a topic.
    pub(crate) fn start(topic: &str, partitions: i32) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (dir, address) = (tempfile::tempdir().unwrap(), format!("127.0.0.1:{port}"));
        let mut broker = Self { dir, port, address, child: None, mock: None, producer: None };
        broker.begin();
        let admin: AdminClient<DefaultClientContext> = broker.client().create().unwrap();
        let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(LONGEST));
        let made = block_on(admin.create_topics([&topic], &options)).unwrap();
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        broker
    }

    /// Starts librdkafka's own, in this process: it misses members of groups that are killed, which the other never does. It keeps 5 MiB of each
    /// partition.
    pub(crate) fn that_misses_members(topic: &str, partitions: i32) -> Self {
        let mock = MockCluster::new(1).unwrap();
        mock.create_topic(topic, partitions, 1).unwrap();
        let (dir, address) = (tempfile::tempdir().unwrap(), mock.bootstrap_servers());
        Self { dir, port: 0, address, child: None, mock: Some(mock), producer: None }
    }

    /// Is away for a while.
    pub(crate) fn away(&self, longest: Duration) {
        let mock = self.mock.as_ref().unwrap();
        {
            // It listens anew at once, and ends the process where it cannot: as long as a child that was just forked has its old socket.
            let _alone = SPAWNS.write().unwrap();
            // Whoever starts a child goes on a moment before that one has let go of what it must not keep.
            std::thread::sleep(Duration::from_millis(200));
            mock.broker_down(1).unwrap();
        }
        std::thread::sleep(longest);
        mock.broker_up(1).unwrap();
    }

    /// Returns where it is.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        // One that was away is soon looked for again.
        config.set("reconnect.backoff.max.ms", "1000");
        config
    }

    pub(crate) fn begin(&mut self) {
        let mut command = Command::new(binary());
        command.args(["start", "--only", "kafka", "--data-dir"]).arg(self.dir.path());
        command.args(["--kafka-port", &self.port.to_string()]);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(quiet.spawn().unwrap());
        let deadline = Instant::now() + LONGEST;
        while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port))).is_err() {
            assert!(Instant::now() < deadline, "the broker does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it as an operator would: it saves what it has.
    pub(crate) fn stop(&mut self) {
        self.producer = None;
        let mut child = self.child.take().unwrap();
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        child.wait().unwrap();
    }

    /// Sends messages, and returns when the broker has them. `None` is one without content.
    pub(crate) fn send(&mut self, topic: &str, messages: &[(i32, Option<Vec<u8>>)]) {
        let config = self.client();
        let producer = self.producer.get_or_insert_with(|| {
            ThreadedProducer::from_config_and_context(&config, DefaultProducerContext).unwrap()
        });
        for (partition, message) in messages {
            let mut record: BaseRecord<'_, (), [u8]> = BaseRecord::to(topic).partition(*partition);
            if let Some(message) = message {
                record = record.payload(message);
            }
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(4 * LONGEST).unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.producer = None;
        drop(self.mock.take());
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Finds the broker itself: its package starts it from Python, and would leave it behind.
fn binary() -> PathBuf {
    let python = installed("-kafka", "python");
    let packages = python.parent().and_then(Path::parent).unwrap().join("lib");
    let found = std::fs::read_dir(packages).unwrap().find_map(|entry| {
        let path = entry.unwrap().path().join("site-packages/noida_db/noida-db");
        path.exists().then_some(path)
    });
    let found = found.expect("noida-db is in the virtual environment");
    std::fs::set_permissions(&found, std::fs::Permissions::from_mode(0o755)).unwrap();
    found
}
