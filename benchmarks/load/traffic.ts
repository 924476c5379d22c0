// Reads a file of requests, a line each: method, path, body and token, separated by tabs. The benchmark writes it, and wrk reads the same file.
import { readFileSync } from 'node:fs'

export type TrafficRequest = { method: string; path: string; body: string; token: string }

export function readTraffic(file: string): TrafficRequest[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => {
    const [method = '', path = '', body = '', token = ''] = line.split('\t')
    return { method, path, body, token }
  })
}
