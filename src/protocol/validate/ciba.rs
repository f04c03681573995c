//! What types can't say about asking people through the backchannel (`CIBA`): ranges, and what the settings need of each other.
//! `validate` calls it for each client.

use super::{Check, Referable};
use crate::protocol::config::{CibaConfig, ClientConfig, DeliveryMode, MAX_DEVICE_LIFETIME};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::outbound;
use crate::protocol::model::time::DAY;

impl Check {
    pub(super) fn ciba(&mut self, client: &ClientConfig, at: &str, known: &Referable<'_>) {
        let CibaConfig { lifetime, max_age, hourly_limit, .. } = client.ciba;
        // As long as what somebody approves for a device: a removal is remembered for that time.
        if !(60..=MAX_DEVICE_LIFETIME).contains(&lifetime) {
            self.say(format!("{at}.ciba.lifetime"), "60 to 1800 seconds");
        }
        if max_age > 30 * DAY {
            self.say(format!("{at}.ciba.max_age"), "0 to 2592000 seconds");
        }
        if !(1..=1_000_000).contains(&hourly_limit) {
            self.say(format!("{at}.ciba.hourly_limit"), "1 to 1000000 requests");
        }
        let endpoint = client.backchannel_client_notification_endpoint.as_deref();
        if !client.grant_types.contains(&GrantType::Ciba) {
            let only = format!("only with the grant `{}`", GrantType::Ciba);
            for (name, is_set) in [
                ("ciba", !client.ciba.is_default()),
                ("backchannel_token_delivery_mode", !client.backchannel_token_delivery_mode.is_default()),
                ("backchannel_client_notification_endpoint", endpoint.is_some()),
                ("backchannel_user_code_parameter", client.backchannel_user_code_parameter),
            ] {
                if is_set {
                    self.say(format!("{at}.{name}"), &only);
                }
            }
            return;
        }
        if !client.scopes.contains("openid") {
            let message = format!("`{}` needs the scope `openid`", GrantType::Ciba);
            self.say(format!("{at}.scopes"), message);
        }
        self.notification_endpoint(client.backchannel_token_delivery_mode, endpoint, at, known.local);
    }

    fn notification_endpoint(&mut self, mode: DeliveryMode, endpoint: Option<&str>, at: &str, local: bool) {
        let at = format!("{at}.backchannel_client_notification_endpoint");
        match (mode, endpoint) {
            (DeliveryMode::Ping, None) => self.say(at, "the mode `ping` needs it"),
            (DeliveryMode::Poll, Some(_)) => self.say(at, "only in the mode `ping`"),
            (DeliveryMode::Ping, Some(uri)) => {
                if let Some(objection) = outbound::objection(uri, local) {
                    self.say(at, format!("this server can't call it: {objection}"));
                }
            }
            (DeliveryMode::Poll, None) => {}
        }
    }
}
