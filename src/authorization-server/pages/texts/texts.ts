import type { PluralText } from '../../../pages/text-table';

/**
 * The texts of the login, consent, device and error pages. `{name}` is a placeholder; a text may
 * leave it out, and may have no others.
 */
export interface Texts {
  /** Title of the login page. */
  readonly logIn: string;
  /** Below the title of the login page. `{app}` is the name of the app. */
  readonly continueTo: string;
  /** Label of the first field of the login page. */
  readonly username: string;
  /** Label of the second field of the login page. */
  readonly password: string;
  /** Button of the login page. */
  readonly logInButton: string;
  /** Button that gives up. */
  readonly cancel: string;
  /** Above the login form after an attempt that failed. */
  readonly wrongPassword: string;
  /** Title of the document after an attempt that failed. `{title}` is that of the login page. */
  readonly wrongPasswordTitle: string;

  /** Title of the consent page. `{app}` is the name of the app. */
  readonly allowTitle: string;
  /** On the consent page. `{user}` is the name of the user. */
  readonly loggedInAs: string;
  /** Above the list of scopes. `{app}` is the name of the app, `{count}` the number of scopes. */
  readonly permissions: PluralText;
  /** On the consent page. `{destination}` is the host of the redirect URI. */
  readonly goBackTo: string;
  /**
   * On the consent page if the redirect URI leads to a program on the user's device.
   * `{destination}` is its host or scheme.
   */
  readonly goBackToDevice: string;
  /** Button that consents. */
  readonly allow: string;
  /** Button that does not consent. */
  readonly deny: string;
  /** Heading of the warning about a client that nobody has verified. */
  readonly unverified: string;
  /** The warning about a client whose ID is a URL. `{host}` is its host. */
  readonly unverifiedHost: string;
  /** The warning about a client that registered itself. */
  readonly unverifiedApp: string;

  /** Title of a page with an error. */
  readonly failedTitle: string;
  /** On a page with an error that the app caused. */
  readonly beginAgain: string;
  /** The client does not exist. */
  readonly unknownApp: string;
  /** The client was removed while the user was logging in. */
  readonly removedApp: string;
  /** The redirect URI is missing, or not one of the client's. */
  readonly unknownDestination: string;
  /** Any other error in the app's request. */
  readonly badRequest: string;
  /** Opens what the app's developers need to know about the error. */
  readonly technicalDetails: string;
  /** Something failed that is not the app's fault. */
  readonly serverError: string;
  /** The login in progress does not exist, or belongs to another browser. */
  readonly expired: string;
  /** A form came from another site. */
  readonly foreignForm: string;
  /** Title of the page for a temporary failure. */
  readonly tryAgainTitle: string;
  /** The page for a temporary failure. */
  readonly unavailable: string;

  /** Title of the page on which a user enters the code of a device. */
  readonly deviceTitle: string;
  /** What to enter. */
  readonly deviceIntro: string;
  /** Label of the field. */
  readonly deviceCode: string;
  /** Button that goes on. */
  readonly next: string;
  /** The code is missing or unknown. */
  readonly deviceWrongCode: string;
  /** The code has expired. */
  readonly deviceExpiredCode: string;
  /** The code was used before. */
  readonly deviceUsedCode: string;
  /** Any other failure on the page. */
  readonly deviceFailed: string;
  /** Title of the document after a code that failed. `{title}` is that of the page. */
  readonly deviceFailedTitle: string;
  /** Title of the page on which the user compares the code. */
  readonly deviceConfirmTitle: string;
  /** Below it. `{app}` is the name of the app on the device. */
  readonly deviceConfirm: string;
  /** When not to go on. */
  readonly deviceWarning: string;
  /** Title of the page after consent. */
  readonly deviceDoneTitle: string;
  /** Below it. `{app}` is the name of the app on the device. */
  readonly deviceDone: string;
  /** Title of the page after the user gave up. */
  readonly deviceStoppedTitle: string;
  /** Below it. */
  readonly deviceStopped: string;
}

/** The texts that say why a request is refused. */
export type MessageKey =
  | 'badRequest'
  | 'expired'
  | 'foreignForm'
  | 'removedApp'
  | 'serverError'
  | 'unavailable'
  | 'unknownApp'
  | 'unknownDestination';
