/** The sign-in of the demo: choose a user, or the operator. */
import { html } from '../html.js'
import { signIn } from '../state/session.js'
import { Panel } from './panel.js'
import { UserPicker } from './user-picker.js'

export const SignIn = () => html`
  <main class="sign-in">
    <${Panel} id="sign-in" title="Sign in">
      <p class="quiet">This is a demo: sign in as any user. A user rates films and gets recommendations.</p>
      <${UserPicker} action="Sign in" onChoose=${(userId) => signIn({ userId })} />
      <p class="quiet">The operator sees all users, and manages the jobs and the model versions.</p>
      <button type="button" class="button button-primary button-wide" onClick=${() => signIn({ role: 'operator' })}>Sign in as the operator</button>
    </${Panel}>
  </main>
`
