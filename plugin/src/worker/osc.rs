//! Sends probabilities to other programs as OSC messages over UDP, from the worker thread.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rosc::{OscMessage, OscPacket, OscType, encoder};

use crate::osc_addresses::osc_addresses;
use crate::settings::OscSettings;
use crate::snapshot::Trouble;

/// Labels in one update at most. Each message is a datagram of its own, and the receive buffer of a socket holds some
/// 150 small datagrams (Linux, 208 KiB): a model's first values are spread over several updates.
const LABELS_AN_UPDATE: usize = 64;

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

    /// Sends the changed `probabilities` at `time_s` of the stream, limited to the rate of the settings, after the
    /// leading label and its probability from `top`. If more labels changed than fit into an update, those that changed
    /// most come first, and the others follow. Returns the number of messages.
    pub(super) fn send(
        &mut self,
        labels: &[String],
        probabilities: &[f32],
        top: impl FnOnce() -> Option<(String, f32)>,
        time_s: f64,
    ) -> usize {
        let (Some(socket), Some(settings)) = (&self.socket, &self.settings) else {
            return 0;
        };
        let pause_s = 1.0 / f64::from(settings.updates_per_second.clamp(1, 100));
        // An earlier time belongs to a new stream.
        if time_s >= self.sent_at_s && time_s < self.sent_at_s + 0.999 * pause_s {
            return 0;
        }
        self.sent_at_s = time_s;
        if self.sent.len() != labels.len() {
            self.addresses = osc_addresses(labels);
            self.sent = vec![f32::NEG_INFINITY; labels.len()];
        }
        let change = |label: usize| (probabilities[label] - self.sent[label]).abs();
        let mut changed: Vec<usize> = (0..labels.len().min(probabilities.len()))
            .filter(|&label| change(label) >= STEP)
            .collect();
        if changed.is_empty() {
            return 0;
        }
        // Stable: labels that were never sent go in the order of the model.
        changed.sort_by(|&a, &b| change(b).total_cmp(&change(a)));
        changed.truncate(LABELS_AN_UPDATE);
        let top = top().map(|(label, probability)| {
            let arguments = vec![OscType::String(label), OscType::Float(probability)];
            message("/hamiltone/top", arguments)
        });
        let values = changed.iter().map(|&label| {
            let value = OscType::Float(probabilities[label]);
            message(&self.addresses[label], vec![value])
        });
        let mut sent = 0;
        for packet in top.into_iter().chain(values) {
            if let Ok(bytes) = encoder::encode(&packet) {
                // Datagrams may be lost; errors are ignored.
                let _ = socket.send(&bytes);
                sent += 1;
            }
        }
        for label in changed {
            self.sent[label] = probabilities[label];
        }
        sent
    }
}

fn message(address: &str, arguments: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage {
        addr: address.to_owned(),
        args: arguments,
    })
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
mod programs;
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

    /// The messages that wait at the socket, each in a datagram of its own.
    fn received(socket: &UdpSocket, count: usize) -> Vec<(String, Vec<OscType>)> {
        let message = |_| {
            let mut bytes = [0; 2048];
            let count = socket.recv(&mut bytes).unwrap();
            match rosc::decoder::decode_udp(&bytes[..count]).unwrap().1 {
                OscPacket::Message(message) => (message.addr, message.args),
                // Receivers such as node-osc pass bundles to another handler, and SuperCollider gives a bundle's
                // time to the message.
                OscPacket::Bundle(_) => panic!("a bundle"),
            }
        };
        (0..count).map(message).collect()
    }

    #[test]
    fn changed_labels_arrive_with_their_values_after_the_leading_one() {
        let (socket, settings) = listener();
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        assert!(osc.trouble.is_none());
        let labels = ["Dog".to_owned(), "Rain, heavy".to_owned()];
        let leads = || Some(("Rain, heavy".to_owned(), 0.75));
        assert_eq!(osc.send(&labels, &[0.25, 0.75], leads, 0.0), 3);
        let float = |value| vec![OscType::Float(value)];
        let top = vec![
            OscType::String("Rain, heavy".to_owned()),
            OscType::Float(0.75),
        ];
        let expected = [
            ("/hamiltone/top", top),
            ("/hamiltone/label/dog", float(0.25)),
            ("/hamiltone/label/rain_heavy", float(0.75)),
        ]
        .map(|(address, arguments)| (address.to_owned(), arguments));
        assert_eq!(received(&socket, 3), expected);
        assert_eq!(
            osc.send(&labels, &[0.25, 0.5], || None, 0.05),
            0,
            "too early"
        );
        // The dog hardly moved.
        assert_eq!(osc.send(&labels, &[0.252, 0.6], || None, 0.2), 1);
        let rain = ("/hamiltone/label/rain_heavy".to_owned(), float(0.6));
        assert_eq!(received(&socket, 1), [rain]);
    }

    #[test]
    fn other_labels_have_other_addresses() {
        let (socket, settings) = listener();
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        osc.send(&["Chainsaw".to_owned()], &[0.5], || None, 0.0);
        received(&socket, 1);
        osc.forget();
        osc.send(&["Siren".to_owned()], &[0.5], || None, 0.01);
        assert_eq!(received(&socket, 1)[0].0, "/hamiltone/label/siren");
    }

    #[test]
    fn the_values_of_a_large_model_all_arrive_the_most_changed_first() {
        let (socket, settings) = listener();
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        let labels: Vec<String> = (0..500).map(|i| format!("label number {i}")).collect();
        let mut values = vec![0.0; 500];
        let mut addresses = std::collections::HashSet::new();
        for update in 0..8 {
            let count = osc.send(&labels, &values, || None, f64::from(update));
            assert!(count <= LABELS_AN_UPDATE, "{count}");
            addresses.extend(
                received(&socket, count)
                    .into_iter()
                    .map(|(address, _)| address),
            );
        }
        assert_eq!(addresses.len(), 500);
        values.fill(0.1);
        values[400] = 0.9;
        osc.send(&labels, &values, || None, 9.0);
        assert_eq!(
            received(&socket, 1)[0].0,
            "/hamiltone/label/label_number_400"
        );
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
}
