import { colorTheme, colorThemes, type ColorTheme } from "./color-theme.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { Icon, Logo, type IconName } from "./icon.tsx";
import { encodeRoute, type Route } from "./route.ts";
import { signOut, type SignedIn } from "./session.ts";

interface HeaderProps {
  readonly user: SignedIn;
  readonly shown: Route;
}

export function Header({ user, shown }: HeaderProps) {
  const { wire, identity, grantProcessId } = user;
  return (
    <header class="app-header">
      <Brand isLink={grantProcessId === undefined} />
      <nav class="app-place" aria-label="Place">
        {grantProcessId === undefined && (
          <a href={encodeRoute({ page: "jobs" })} aria-current={currentOf(shown.page === "jobs")}>
            Jobs
          </a>
        )}
        {shown.page === "job" && (
          <span class="app-place-job mono" aria-current="page">
            {shown.processId}
          </span>
        )}
      </nav>
      <ConnectionBadge wire={wire} />
      <ThemeSwitch />
      <span class="app-identity quiet" title={`Signed in as ${identity}`}>
        {grantProcessId === undefined ? identity : "shared with you"}
      </span>
      <button class="button button-quiet button-icon" title="Sign out" onClick={signOut}>
        <Icon name="signOut" />
        <span class="visually-hidden">Sign out</span>
      </button>
    </header>
  );
}

const currentOf = (isCurrent: boolean) => (isCurrent ? "page" : undefined);

/** Who holds a grant has nowhere else to go. */
function Brand({ isLink }: { readonly isLink: boolean }) {
  const content = (
    <>
      <Logo />
      <span class="app-brand-name">Jobwire</span>
    </>
  );
  if (!isLink) return <span class="app-brand">{content}</span>;
  return (
    <a class="app-brand" href={encodeRoute({ page: "jobs" })}>
      {content}
    </a>
  );
}

const themeIcons: Readonly<Record<ColorTheme, IconName>> = {
  system: "system",
  light: "sun",
  dark: "moon",
};

function ThemeSwitch() {
  const { value } = colorTheme;
  const next = colorThemes[(colorThemes.indexOf(value) + 1) % colorThemes.length] ?? "system";
  const label = `Colours: ${value}; switch to ${next}`;
  return (
    <button
      class="button button-quiet button-icon"
      title={label}
      onClick={() => (colorTheme.value = next)}
    >
      <Icon name={themeIcons[value]} />
      <span class="visually-hidden">{label}</span>
    </button>
  );
}
