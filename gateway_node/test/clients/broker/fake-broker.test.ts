import { FakeBroker } from '../../fakes.ts'
import { testBroker } from './broker-suite.ts'

testBroker('fake broker', async () => {
  const broker = new FakeBroker()
  return {
    broker,
    stream: 'interactions',
    disconnect: () => broker.disconnect(),
    reconnect: () => broker.reconnect(),
    replaceStream: () => broker.replace(),
  }
})
