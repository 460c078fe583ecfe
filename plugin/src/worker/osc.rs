//! Sends probabilities to other programs as OSC messages over UDP, from the worker thread.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};

use crate::settings::OscSettings;
use crate::snapshot::Trouble;

/// Messages in one datagram, which then fits the packets of any network.
const MESSAGES_A_BUNDLE: usize = 16;

/// A smaller change of a probability is not sent.
const STEP: f32 = 0.005;

/// The socket, and the values that were sent last.
#[derive(Default)]
pub(super) struct Osc {
    settings: Option<OscSettings>,
    socket: Option<UdpSocket>,
    addresses: Vec<String>,
    sent: Vec<f32>,
    sent_at_s: f64,
    pub(super) trouble: Option<Trouble>,
}

impl Osc {
    /// Applies the settings; `None` turns OSC off.
    pub(super) fn configure(&mut self, settings: Option<&OscSettings>) {
        if self.settings.as_ref() == settings {
            return;
        }
        self.settings = settings.cloned();
        self.forget();
        (self.socket, self.trouble) = match settings.map(open) {
            None => (None, None),
            Some(Ok(socket)) => (Some(socket), None),
            Some(Err(why)) => (
                None,
                Some(Trouble {
                    title: "OSC not available".to_owned(),
                    advice: format!("{why}. Choose another destination, or turn OSC off."),
                }),
            ),
        };
    }

    /// Forgets what was sent: the labels have changed.
    pub(super) fn forget(&mut self) {
        self.sent.clear();
        self.sent_at_s = f64::NEG_INFINITY;
    }

    /// Sends the changed `probabilities` at `time_s` of the stream, limited to the rate of the settings, followed by the
    /// leading label and its probability from `top`.
    pub(super) fn send(
        &mut self,
        labels: &[String],
        probabilities: &[f32],
        top: impl FnOnce() -> Option<(String, f32)>,
        time_s: f64,
    ) {
        let (Some(socket), Some(settings)) = (&self.socket, &self.settings) else {
            return;
        };
        let pause_s = 1.0 / f64::from(settings.updates_per_second.clamp(1, 100));
        // An earlier time belongs to a new stream.
        if time_s >= self.sent_at_s && time_s < self.sent_at_s + 0.999 * pause_s {
            return;
        }
        self.sent_at_s = time_s;
        if self.sent.len() != labels.len() {
            self.addresses = labels.iter().map(|label| address(label)).collect();
            self.sent = vec![f32::NEG_INFINITY; labels.len()];
        }
        let mut messages = Vec::new();
        for (index, &probability) in probabilities.iter().enumerate().take(labels.len()) {
            if (probability - self.sent[index]).abs() >= STEP {
                self.sent[index] = probability;
                let argument = OscType::Float(probability);
                messages.push(message(&self.addresses[index], vec![argument]));
            }
        }
        if messages.is_empty() {
            return;
        }
        messages.extend(top().map(|(label, probability)| {
            let arguments = vec![OscType::String(label), OscType::Float(probability)];
            message("/hamiltone/top", arguments)
        }));
        for bundle in messages.chunks(MESSAGES_A_BUNDLE) {
            let packet = OscPacket::Bundle(OscBundle {
                timetag: OscTime::from((0, 1)), // at once
                content: bundle.to_vec(),
            });
            if let Ok(bytes) = encoder::encode(&packet) {
                // Datagrams may be lost; errors are ignored.
                let _ = socket.send(&bytes);
            }
        }
    }
}

fn message(address: &str, arguments: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage {
        addr: address.to_owned(),
        args: arguments,
    })
}

/// The address of a label: `Male speech, man speaking` is `/hamiltone/label/male_speech_man_speaking`.
pub(super) fn address(label: &str) -> String {
    let mut name = String::new();
    for letter in label.chars() {
        if letter.is_alphanumeric() && letter.is_ascii() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    format!("/hamiltone/label/{}", name.trim_end_matches('_'))
}

fn open(settings: &OscSettings) -> Result<UdpSocket, String> {
    let host: IpAddr = settings
        .host
        .parse()
        .map_err(|_| format!("{:?} is not an IP address", settings.host))?;
    // Bound to the same interface, so that loopback traffic stays on this machine.
    let own: IpAddr = match host {
        host if host.is_loopback() => host,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let target = SocketAddr::new(host, settings.port);
    let socket = UdpSocket::bind((own, 0)).and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.connect(target)?;
        Ok(socket)
    });
    socket.map_err(|error| format!("{target}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn listener() -> (UdpSocket, OscSettings) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        let port = socket.local_addr().unwrap().port();
        let settings = OscSettings {
            port,
            ..OscSettings::default()
        };
        (socket, settings)
    }

    fn received(socket: &UdpSocket) -> Vec<(String, Vec<OscType>)> {
        let mut bytes = [0; 2048];
        let count = socket.recv(&mut bytes).unwrap();
        let OscPacket::Bundle(bundle) = rosc::decoder::decode_udp(&bytes[..count]).unwrap().1
        else {
            panic!("not a bundle");
        };
        let content = bundle.content.into_iter().map(|packet| match packet {
            OscPacket::Message(message) => (message.addr, message.args),
            OscPacket::Bundle(_) => panic!("bundle in a bundle"),
        });
        content.collect()
    }

    #[test]
    fn changed_labels_arrive_with_their_values() {
        let (socket, settings) = listener();
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        assert!(osc.trouble.is_none());
        let labels = ["Dog".to_owned(), "Rain, heavy".to_owned()];
        let leads = || Some(("Rain, heavy".to_owned(), 0.75));
        osc.send(&labels, &[0.25, 0.75], leads, 0.0);
        let first = received(&socket);
        let addresses: Vec<_> = first.iter().map(|(address, _)| address.as_str()).collect();
        assert_eq!(
            addresses,
            [
                "/hamiltone/label/dog",
                "/hamiltone/label/rain_heavy",
                "/hamiltone/top"
            ]
        );
        assert_eq!(first[1].1, [OscType::Float(0.75)]);
        let top = [
            OscType::String("Rain, heavy".to_owned()),
            OscType::Float(0.75),
        ];
        assert_eq!(first[2].1, top);
        osc.send(&labels, &[0.25, 0.5], || None, 0.05); // too early
        osc.send(&labels, &[0.252, 0.6], leads, 0.2); // the dog hardly moved
        let second = received(&socket);
        assert_eq!(
            second[0],
            (
                "/hamiltone/label/rain_heavy".to_owned(),
                vec![OscType::Float(0.6)]
            )
        );
        assert_eq!(second.len(), 2);
    }

    #[test]
    fn other_labels_have_other_addresses() {
        let (socket, settings) = listener();
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        osc.send(&["Chainsaw".to_owned()], &[0.5], || None, 0.0);
        received(&socket);
        osc.forget();
        osc.send(&["Siren".to_owned()], &[0.5], || None, 0.01);
        assert_eq!(received(&socket)[0].0, "/hamiltone/label/siren");
    }

    #[test]
    fn a_large_model_is_cut_into_packets_that_fit() {
        let (socket, settings) = listener();
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        let labels: Vec<String> = (0..100).map(|i| format!("label number {i}")).collect();
        osc.send(&labels, &[0.5; 100], || Some(("a".to_owned(), 0.5)), 0.0);
        let mut messages = 0;
        while messages < 101 {
            let bundle = received(&socket);
            assert!(bundle.len() <= MESSAGES_A_BUNDLE);
            messages += bundle.len();
        }
    }

    #[test]
    fn an_invalid_host_is_reported_until_osc_is_turned_off() {
        let mut osc = Osc::default();
        let settings = OscSettings {
            host: "not an address".to_owned(),
            ..OscSettings::default()
        };
        osc.configure(Some(&settings));
        assert!(
            osc.trouble
                .as_ref()
                .unwrap()
                .advice
                .contains("not an IP address")
        );
        osc.send(&["a".to_owned()], &[1.0], || None, 0.0);
        osc.configure(None);
        assert!(osc.trouble.is_none());
    }

    #[test]
    fn addresses_hold_nothing_that_osc_reserves() {
        assert_eq!(
            address("Male speech, man speaking"),
            "/hamiltone/label/male_speech_man_speaking"
        );
        assert_eq!(address("*?[{/#  x"), "/hamiltone/label/x");
    }
}
