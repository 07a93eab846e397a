//! A broker that lets nobody in: as much of the protocol as that takes.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

const METADATA: u16 = 3;
const SASL_HANDSHAKE: u16 = 17;
const API_VERSIONS: u16 = 18;
const SASL_AUTHENTICATE: u16 = 36;

/// What it says beside its code: brokers may say anything, and quote what they were sent.
pub(crate) const WORDS: &str = "canary-words-of-the-broker";

/// Starts one, and returns where it is. It ends with the test.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) -> Option<()> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut request = vec![0; usize::try_from(u32::from_be_bytes(length)).ok()?];
        stream.read_exact(&mut request).ok()?;
        let (api, rest) = request.split_first_chunk::<2>()?;
        let (version, rest) = rest.split_first_chunk::<2>()?;
        let (correlation, _) = rest.split_first_chunk::<4>()?;
        let answer = answer(u16::from_be_bytes(*api), u16::from_be_bytes(*version))?;
        let length = u32::try_from(answer.len() + 4).unwrap();
        stream.write_all(&[&length.to_be_bytes(), &correlation[..], &answer].concat()).ok()?;
    }
}

/// Answers a request; none: the connection ends.
fn answer(api: u16, version: u16) -> Option<Vec<u8>> {
    let text = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
    match (api, version) {
        (API_VERSIONS, 0) => {
            let known = [METADATA, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE];
            let highest = |api: u16| u16::from(api == SASL_HANDSHAKE);
            let apis = known.map(|api| [api, 0, highest(api)].map(u16::to_be_bytes).concat()).concat();
            Some([&[0, 0], &u32::try_from(known.len()).unwrap().to_be_bytes()[..], &apis].concat())
        }
        // A version that it does not have.
        (API_VERSIONS, _) => Some(vec![0, 35, 0, 0, 0, 0]),
        (SASL_HANDSHAKE, _) => Some([&[0, 0, 0, 0, 0, 1][..], &text("PLAIN")].concat()),
        // Authentication failed.
        (SASL_AUTHENTICATE, _) => Some([&[0, 58][..], &text(WORDS), &[0, 0, 0, 0]].concat()),
        _ => None,
    }
}
