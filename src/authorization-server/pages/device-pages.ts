import { type Html, isolated, markup } from '../../pages/markup';
import { alert, type RenderedPage } from '../../pages/page';
import type { ServerPageView } from './server-pages';

/** Why a code was not accepted. */
export type DeviceCodeProblem = 'expired' | 'failed' | 'used' | 'wrong';

/** The form of a device page. */
export interface DeviceForm {
  /** Where the form is posted to. */
  readonly action: string;
  /** Hidden fields, such as the one with the CSRF token. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The page on which a user enters the code. */
export interface DeviceCodeForm extends DeviceForm {
  /** The code as the user typed it before. */
  readonly userCode?: string | undefined;
  readonly problem?: DeviceCodeProblem | undefined;
}

/** The page on which a user compares the code with that of the device. */
export interface DeviceConfirmation extends DeviceForm {
  readonly clientName: string;
  /** The code as the device shows it. */
  readonly userCode: string;
}

const PROBLEMS = {
  expired: 'deviceExpiredCode',
  failed: 'deviceFailed',
  used: 'deviceUsedCode',
  wrong: 'deviceWrongCode',
} as const;

/**
 * Renders the page on which a user enters the code of a device, as the field `user_code`.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 */
export function renderDeviceCodePage(
  view: ServerPageView,
  { action, fields, userCode = '', problem }: DeviceCodeForm,
): RenderedPage {
  const title = view.plain('deviceTitle');
  const failed = problem !== undefined;
  return view.render({
    title: failed ? view.plain('deviceFailedTitle', { title }) : title,
    heading: markup`${title}`,
    status: failed ? 400 : 200,
    content: markup`<p class="quiet" id="intro">${view.html('deviceIntro')}</p>
${problem && alert(view.html(PROBLEMS[problem]))}<form method="post" action="${action}">
${hiddenFields(fields)}<label for="user_code">${view.html('deviceCode')}</label>
<input class="code" id="user_code" name="user_code" value="${userCode}" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" required aria-describedby="intro${failed ? ' fault' : ''}"${failed ? markup` aria-invalid="true"` : undefined}>
<div class="actions stacked">
<button class="main">${view.html('next')}</button>
</div>
</form>`,
  });
}

/**
 * Renders the page on which a user compares the code, so that nobody connects the device of an
 * attacker. The form has the field `user_code`, and `confirm` or `abort` by its buttons.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-5.4
 */
export function renderDeviceConfirmationPage(
  view: ServerPageView,
  { action, fields, clientName, userCode }: DeviceConfirmation,
): RenderedPage {
  return view.render({
    title: view.plain('deviceConfirmTitle'),
    endsAtClient: true,
    content: markup`<p class="code">${userCode}</p>
<p>${view.html('deviceConfirm', { app: isolated(clientName) })}</p>
<p class="note caution">${view.html('deviceWarning')}</p>
<form method="post" action="${action}">
${hiddenFields({ ...fields, user_code: userCode })}<div class="actions">
<button class="main" name="confirm" value="yes">${view.html('next')}</button>
<button name="abort" value="yes">${view.html('cancel')}</button>
</div>
</form>`,
  });
}

/** Renders the page after the device was connected. */
export const renderDeviceDonePage = (view: ServerPageView, clientName: string): RenderedPage =>
  view.render({
    title: view.plain('deviceDoneTitle'),
    content: markup`<p>${view.html('deviceDone', { app: isolated(clientName) })}</p>`,
  });

/** Renders the page after the user gave up or did not consent. */
export const renderDeviceStoppedPage = (view: ServerPageView): RenderedPage =>
  view.render({
    title: view.plain('deviceStoppedTitle'),
    content: markup`<p>${view.html('deviceStopped')}</p>`,
  });

const hiddenFields = (fields: DeviceForm['fields']): readonly Html[] =>
  Object.entries(fields).map(
    ([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">\n`,
  );
