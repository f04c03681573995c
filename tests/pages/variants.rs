//! Every page in every state, in several themes.

use mintedge::protocol::config::theme::Theme;
use mintedge::protocol::http::Response;
use mintedge::protocol::pages::{
    AccountNotice, AccountPage, AllowedRow, AppRow, ClientFace, ConsentGroup, ConsentPage, ConsentScope,
    DeviceCodePage, DeviceDonePage, DevicePage, DeviceProblem, ErrorPage, FormPostPage, FormTarget,
    LeavingPage, LoginPage, LoginProblem, LogoutPage, PasswordSetPage, RequestRow, SelectAccountPage,
    SessionRow, SignUpKind, SignUpPage, SignUpProblem, SignedOutPage, Trouble, Whereabouts,
};

/// One page in one state.
pub(crate) struct Variant {
    /// The theme's folder, which is the issuer's path, too.
    pub(crate) folder: &'static str,
    pub(crate) name: &'static str,
    pub(crate) response: Response,
    /// Id of the button most people press.
    pub(crate) submit: Option<&'static str>,
    /// Id of the field where typing starts.
    pub(crate) focus: Option<&'static str>,
}

fn theme(name: &str, accent: Option<&str>, logo_uri: Option<&str>) -> Theme {
    let logo_uri = logo_uri.map(str::to_owned);
    let support_uri = Some("https://help.example.com/".to_owned());
    Theme { name: name.to_owned(), accent: accent.map(str::to_owned), logo_uri, support_uri }
}

pub(crate) fn themes() -> Vec<(&'static str, Theme)> {
    let plain = Theme::default();
    vec![
        ("plain", plain),
        ("orchard", theme("Orchard Health", Some("#ffd400"), Some("https://images.example.com/logo.svg"))),
        ("ivory", theme("Ivory & Sons", Some("#fdf8ec"), None)),
        ("coal", theme("Coal", Some("#0b0b0c"), None)),
        ("hostile", theme(HOSTILE, Some("red;}"), Some("javascript:alert(1)"))),
    ]
}

pub(crate) fn all() -> Vec<Variant> {
    let mut variants = Vec::new();
    for (folder, theme) in &themes() {
        let hostile = *folder == "hostile";
        let client = if hostile { hostile_client() } else { client() };
        let base = format!("/{folder}");
        let action = format!("/{folder}/submit");
        let pages = Pages { folder, base: &base, theme, client, action: &action, hostile };
        pages.decisions(&mut variants);
        pages.devices(&mut variants);
        if ["plain", "orchard", "hostile"].contains(folder) {
            pages.rest(&mut variants);
        }
        if *folder == "plain" {
            pages.logins(&mut variants);
            pages.sign_ups(&mut variants);
            pages.notices(&mut variants);
        }
    }
    variants
}

const HOSTILE: &str = "\"><script>alert(1)</script><b>Bürgerbewegungszusammenschlusskoordinationsstelle-Wrapping-Impossible'&amp;";

fn client() -> ClientFace<'static> {
    ClientFace {
        self_asserted: None,
        name: "Acme Shop",
        logo_uri: Some("https://images.example.com/acme.svg"),
        unchecked: None,
        client_uri: Some("https://shop.example.com/"),
        policy_uri: Some("https://shop.example.com/privacy"),
        tos_uri: Some("https://shop.example.com/terms"),
    }
}

/// What is shown of a client that has a document.
fn no_links() -> ClientFace<'static> {
    ClientFace {
        self_asserted: None,
        unchecked: None,
        name: "",
        logo_uri: None,
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
    }
}

fn hostile_client() -> ClientFace<'static> {
    ClientFace {
        self_asserted: None,
        name: HOSTILE,
        logo_uri: Some("data:image/svg+xml,<svg onload=alert(1)>"),
        unchecked: Some(HOSTILE),
        client_uri: Some("javascript:alert(1)"),
        policy_uri: Some("https://\"><b>x"),
        tos_uri: Some("//evil.example"),
    }
}

struct Pages<'a> {
    folder: &'static str,
    base: &'a str,
    theme: &'a Theme,
    client: ClientFace<'a>,
    action: &'a str,
    hostile: bool,
}

impl<'a> Pages<'a> {
    fn variant(&self, name: &'static str, response: Response, submit: Option<&'static str>) -> Variant {
        Variant { folder: self.folder, name, response, submit, focus: None }
    }

    fn target(&self) -> FormTarget<'a> {
        let form_action = Some(if self.hostile { "javascript:x" } else { "https://shop.example.com" });
        FormTarget { action: self.action, flow: "sealed-flow", csrf: "csrf-token", form_action }
    }

    fn account(&self) -> &'static str {
        if self.hostile { HOSTILE } else { "ada@example.com" }
    }

    fn login(&self) -> LoginPage<'a> {
        LoginPage {
            base: self.base,
            theme: self.theme,
            client: Some(self.client),
            target: self.target(),
            login_hint: self.hostile.then_some(HOSTILE),
            problem: None,
            sign_up_uri: Some(if self.hostile { "javascript:alert(1)" } else { "/sign-up?flow=1" }),
            cancel: true,
            connects_device: false,
        }
    }

    fn sign_up(&self, kind: SignUpKind) -> SignUpPage<'a> {
        SignUpPage {
            base: self.base,
            theme: self.theme,
            client: None,
            target: self.target(),
            email: (kind != SignUpKind::OpenSignUp).then_some("ada@example.com"),
            name: None,
            problem: None,
            kind,
            sign_in_uri: (kind == SignUpKind::OpenSignUp).then_some(if self.hostile {
                "//evil.example"
            } else {
                "/login?flow=1"
            }),
        }
    }

    fn decisions(&self, variants: &mut Vec<Variant>) {
        let focus = Some(if self.hostile { "password" } else { "username" });
        let login = self.variant("login", self.login().render(), Some("login"));
        variants.push(Variant { focus, ..login });
        variants.push(self.variant("consent", self.consent().render(), Some("allow")));
        let host = "accounts.example.com.xn--bcher-kva.a-long-name-that-says-nothing.vendor.example:8443";
        let name = if self.hostile { HOSTILE } else { "Acme Shop" };
        let face = ClientFace { name: host, self_asserted: Some(name), ..no_links() };
        let page =
            ConsentPage { client: face, to_own_computer: true, redirect_host: "127.0.0.1", ..self.consent() };
        variants.push(self.variant("consent_document", page.render(), Some("allow")));
        let (base, theme, target, account) = (self.base, self.theme, self.target(), self.account());
        let page = SelectAccountPage { base, theme, client: Some(self.client), target, account };
        variants.push(self.variant("select_account", page.render(), Some("continue")));
        let page = LogoutPage { base, theme, target, account: Some(account), client: Some(self.client) };
        variants.push(self.variant("logout", page.render(), Some("logout")));
        let page = self.account_page(None);
        variants.push(self.variant("account", page.render(), Some("change_password")));
        let page = AccountPage { requests: self.requests(), watches: Some(true), ..self.account_page(None) };
        variants.push(self.variant("account_requests", page.render(), Some("change_password")));
        let message = if self.hostile { HOSTILE } else { "Order 4711, 3 chairs" };
        let allowed = vec![AllowedRow { id: "r4", client: self.client, message: Some(message) }];
        let page =
            AccountPage { watches: Some(true), allowed, request_code: Some(true), ..self.account_page(None) };
        variants.push(self.variant("account_watch", page.render(), Some("change_password")));
    }

    fn rest(&self, variants: &mut Vec<Variant>) {
        let (base, theme, request_id) = (self.base, self.theme, "8f1c2d3e4a5b6c7d");
        let (error, description) = if self.hostile {
            (HOSTILE, HOSTILE)
        } else {
            ("invalid_request", "redirect_uri is not registered")
        };
        let received = Some(if self.hostile { HOSTILE } else { "https://shop.example.com/callbak" });
        let trouble = Trouble::WrongApplication;
        let page = ErrorPage { base, theme, status: 400, trouble, error, description, received, request_id };
        variants.push(self.variant("error", page.render(), None));
        let (error, description) = ("server_error", "the request could not be completed");
        let troubles = [
            ("error_server", Trouble::Ours),
            ("error_page", Trouble::NoPage),
            ("error_program", Trouble::ForPrograms),
            ("error_old", Trouble::TooOld),
            ("error_link", Trouble::DeadLink),
            ("error_not_set_up", Trouble::NotSetUp),
        ];
        for (name, trouble) in troubles {
            if self.folder == "plain" || name == "error_server" {
                let page = ErrorPage {
                    base,
                    theme,
                    status: 500,
                    trouble,
                    error,
                    description,
                    received: None,
                    request_id,
                };
                variants.push(self.variant(name, page.render(), None));
            }
        }
        let page = PasswordSetPage { base, theme, account: self.account() };
        variants.push(self.variant("password_set", page.render(), None));
        self.leavings(variants);
        let mut page = SignedOutPage { base, theme, frames: &[], continue_uri: None, by_link: false };
        variants.push(self.variant("signed_out", page.render(), None));
        let frames =
            ["https://shop.example.com/out?sid=\"1\"&iss=x", "javascript:alert(1)"].map(str::to_owned);
        page.frames = &frames;
        let next = if self.hostile { "javascript:alert(1)" } else { "https://shop.example.com/?a=1&b=2" };
        page.continue_uri = Some(next);
        variants.push(self.variant("signed_out_frames", page.render(), None));
        self.form_posts(variants);
    }

    fn leavings(&self, variants: &mut Vec<Variant>) {
        let uri = if self.hostile {
            "javascript:alert(1)"
        } else {
            "http://client.example/callback?code=x&state=%22"
        };
        let page = LeavingPage { base: self.base, uri };
        variants.push(self.variant(
            if self.hostile { "leaving_refused" } else { "leaving" },
            page.render(),
            None,
        ));
    }

    fn form_posts(&self, variants: &mut Vec<Variant>) {
        let parameters =
            [("code", "SplxlOBeZQQYbYS6WxSbIA"), ("state", HOSTILE), ("submit", "a name in the way")];
        let mut page = FormPostPage { base: self.base, action: "", parameters: &parameters };
        let cases = [
            ("form_post", "https://shop.example.com/callback"),
            ("form_post_app", "com.example.app:/callback"),
            ("form_post_refused", "javascript:alert(1)"),
        ];
        for (name, action) in cases {
            if self.folder == "plain" || name != "form_post_app" {
                page.action = action;
                variants.push(self.variant(name, page.render(), None));
            }
        }
    }

    fn consent(&self) -> ConsentPage<'a> {
        let scope = |scope, description| ConsentScope { scope, description };
        let mut about_you: Vec<_> =
            ["openid", "profile", "email", "offline_access"].map(|name| scope(name, None)).into();
        let mut api = vec![
            scope("orders:read", Some("See your orders and their delivery")),
            scope("orders:write", Some("Place and cancel orders for you")),
            scope("reports", None),
        ];
        if self.hostile {
            about_you.push(scope("openid ", Some(HOSTILE)));
            api.push(scope(HOSTILE, None));
        }
        let groups = vec![
            ConsentGroup { resource: None, scopes: about_you },
            ConsentGroup { resource: Some(if self.hostile { HOSTILE } else { "Orders API" }), scopes: api },
            ConsentGroup { resource: Some("Nothing"), scopes: Vec::new() },
        ];
        ConsentPage {
            base: self.base,
            theme: self.theme,
            client: self.client,
            target: self.target(),
            account: self.account(),
            groups,
            to_own_computer: self.hostile,
            redirect_host: if self.hostile { HOSTILE } else { "shop.example.com" },
            to_app: self.hostile,
        }
    }

    fn devices(&self, variants: &mut Vec<Variant>) {
        let page = DeviceCodePage {
            base: self.base,
            theme: self.theme,
            target: self.target(),
            account: self.account(),
            linked: None,
            problem: None,
        };
        let typed = self.variant("device_code", page.render(), Some("continue"));
        variants.push(Variant { focus: Some("user_code"), ..typed });
        let linked = DeviceCodePage { linked: Some("BCDF-GHJK"), ..page };
        variants.push(self.variant("device_link", linked.render(), Some("continue")));
        let here = Whereabouts::Here;
        variants.push(self.variant("device", self.device(here, false).render(), Some("allow")));
        if self.folder == "plain" {
            let page = DeviceCodePage { linked: None, problem: Some(DeviceProblem::Unknown), ..linked };
            let unknown = self.variant("device_unknown", page.render(), Some("continue"));
            variants.push(Variant { focus: Some("user_code"), ..unknown });
            let (far, near) = (Whereabouts::Elsewhere("BR"), Whereabouts::SameCountry("DE"));
            variants.push(self.variant("device_far", self.device(far, false).render(), Some("allow")));
            variants.push(self.variant("device_blocked", self.device(near, true).render(), Some("deny")));
            for (name, allowed) in [("device_allowed", true), ("device_denied", false)] {
                let (base, theme, client) = (self.base, self.theme, self.client);
                let page = DeviceDonePage { base, theme, client, allowed };
                variants.push(self.variant(name, page.render(), None));
            }
        }
    }

    fn device(&self, whereabouts: Whereabouts<'a>, blocked: bool) -> DevicePage<'a> {
        DevicePage {
            base: self.base,
            theme: self.theme,
            client: self.client,
            target: FormTarget { form_action: None, ..self.target() },
            account: self.account(),
            code: "BCDF-GHJK",
            asked: "2 minutes ago",
            whereabouts,
            groups: self.consent().groups,
            blocked,
            keeps: true,
        }
    }

    fn requests(&self) -> Vec<RequestRow<'a>> {
        let row = |id, message, needs_password| RequestRow {
            id,
            client: self.client,
            asked: "2 minutes ago".to_owned(),
            message,
            groups: self.consent().groups,
            needs_password,
            keeps: needs_password,
        };
        let message = if self.hostile { HOSTILE } else { "Order 4711, 3 chairs" };
        vec![row("r1", Some(message), true), row("r2", None, true), row("r3", Some("W4SCT"), false)]
    }

    fn account_page(&self, notice: Option<AccountNotice>) -> AccountPage<'a> {
        let session = |id, label, last_seen: &str, current| SessionRow {
            id,
            label,
            created: "on 3 March 2026".to_owned(),
            last_seen: last_seen.to_owned(),
            current,
        };
        let (label, name) = if self.hostile { (HOSTILE, HOSTILE) } else { ("Firefox on Linux", "Acme Shop") };
        AccountPage {
            base: self.base,
            theme: self.theme,
            target: FormTarget { form_action: None, ..self.target() },
            account: self.account(),
            requests: Vec::new(),
            allowed: Vec::new(),
            request_code: None,
            watches: None,
            sessions: vec![
                session("s1", label, "now", true),
                session("s2", "Safari on iPhone", "yesterday", false),
            ],
            apps: vec![
                AppRow { client_id: "shop", name, scopes: "Your email address, see your orders".to_owned() },
                AppRow { client_id: "tv", name: "Telly", scopes: "Know who you are".to_owned() },
            ],
            notice,
        }
    }

    fn logins(&self, variants: &mut Vec<Variant>) {
        let problems = [
            ("login_wrong", LoginProblem::WrongCredentials),
            ("login_too_many", LoginProblem::TooManyAttempts),
            ("login_busy", LoginProblem::Busy),
            ("login_expired", LoginProblem::SessionExpired),
            ("login_cookies", LoginProblem::CookiesMissing),
        ];
        for (name, problem) in problems {
            let login_hint = Some("ada@example.com");
            let page = LoginPage { login_hint, problem: Some(problem), ..self.login() };
            let variant = self.variant(name, page.render(), Some("login"));
            variants.push(Variant { focus: Some("password"), ..variant });
        }
        let own = FormTarget { form_action: None, ..self.target() };
        let page = LoginPage { client: None, target: own, sign_up_uri: None, cancel: false, ..self.login() };
        variants.push(self.variant("login_plain", page.render(), Some("login")));
        let actions =
            [("login_loopback", "http://127.0.0.1:51004/cb"), ("login_app", "com.example.app:/callback")];
        for (name, form_action) in actions {
            let target = FormTarget { form_action: Some(form_action), ..self.target() };
            let face = ClientFace { logo_uri: None, policy_uri: None, client_uri: None, ..self.client };
            let page = LoginPage { target, client: Some(face), ..self.login() };
            variants.push(self.variant(name, page.render(), Some("login")));
        }
    }

    fn sign_ups(&self, variants: &mut Vec<Variant>) {
        let kinds = [
            ("sign_up", SignUpKind::OpenSignUp, "email"),
            ("sign_up_invitation", SignUpKind::Invitation, "password"),
            ("sign_up_reset", SignUpKind::Reset, "password"),
        ];
        for (name, kind, focus) in kinds {
            let client = (kind == SignUpKind::OpenSignUp).then_some(self.client);
            let page = SignUpPage { client, ..self.sign_up(kind) };
            let variant = self.variant(name, page.render(), Some("sign_up"));
            variants.push(Variant { focus: Some(focus), ..variant });
        }
        let problems = [
            ("sign_up_short", SignUpProblem::PasswordTooShort, Some("password")),
            ("sign_up_long", SignUpProblem::PasswordTooLong, Some("password")),
            ("sign_up_weak", SignUpProblem::PasswordWeak, Some("password")),
            ("sign_up_differ", SignUpProblem::PasswordsDiffer, Some("password")),
            ("sign_up_email", SignUpProblem::EmailInvalid, Some("email")),
            ("sign_up_too_many", SignUpProblem::TooManyAttempts, Some("password")),
            ("sign_up_expired", SignUpProblem::PageExpired, Some("password")),
        ];
        for (name, problem, focus) in problems {
            let (email, problem) = (Some("ada@example"), Some(problem));
            let page = SignUpPage { email, problem, ..self.sign_up(SignUpKind::OpenSignUp) };
            let variant = self.variant(name, page.render(), focus.map(|_| "sign_up"));
            variants.push(Variant { focus, ..variant });
        }
    }

    fn notices(&self, variants: &mut Vec<Variant>) {
        let notices = [
            ("account_changed", AccountNotice::PasswordChanged),
            ("account_wrong", AccountNotice::WrongPassword),
            ("account_differ", AccountNotice::PasswordsDiffer),
        ];
        for (name, notice) in notices {
            let page = self.account_page(Some(notice));
            variants.push(self.variant(name, page.render(), Some("change_password")));
        }
        let page = AccountPage { apps: Vec::new(), ..self.account_page(None) };
        variants.push(self.variant("account_empty", page.render(), Some("change_password")));
        let (base, theme, target) = (self.base, self.theme, self.target());
        let page = LogoutPage { base, theme, target, account: None, client: None };
        variants.push(self.variant("logout_plain", page.render(), Some("logout")));
    }
}
