import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NftFirewall, removalBatch, rulesBatch } from './firewall.ts';

const none = { masquerade: null, forward: 'leave', services: false } as const;
const rules = { ipv4: none, ipv6: none };

describe('rulesBatch', () => {
  it('replaces the chains of one network only', () => {
    const batch = rulesBatch('br0', {
      ipv4: { masquerade: '10.1.2.0/24', forward: 'accept', services: true },
      ipv6: { masquerade: 'fd42::/64', forward: 'drop', services: true },
    });
    expect(batch).toMatchInlineSnapshot(`
      "add table inet lxctl
      add chain inet lxctl fwd.br0 { type filter hook forward priority filter; policy accept; }
      flush chain inet lxctl fwd.br0
      add chain inet lxctl in.br0 { type filter hook input priority filter; policy accept; }
      flush chain inet lxctl in.br0
      add chain inet lxctl out.br0 { type filter hook output priority filter; policy accept; }
      flush chain inet lxctl out.br0
      add chain inet lxctl pstrt.br0 { type nat hook postrouting priority srcnat; policy accept; }
      flush chain inet lxctl pstrt.br0
      add rule inet lxctl in.br0 iifname "br0" meta l4proto { tcp, udp } th dport 53 accept
      add rule inet lxctl out.br0 oifname "br0" meta l4proto { tcp, udp } th sport 53 accept
      add rule inet lxctl in.br0 iifname "br0" udp dport 67 accept
      add rule inet lxctl out.br0 oifname "br0" udp sport 67 accept
      add rule inet lxctl fwd.br0 meta nfproto ipv4 iifname "br0" oifname "br0" accept
      add rule inet lxctl fwd.br0 meta nfproto ipv4 iifname "br0" accept
      add rule inet lxctl fwd.br0 meta nfproto ipv4 oifname "br0" accept
      add rule inet lxctl pstrt.br0 ip saddr 10.1.2.0/24 ip daddr != 10.1.2.0/24 masquerade
      add rule inet lxctl in.br0 iifname "br0" udp dport 547 accept
      add rule inet lxctl out.br0 oifname "br0" udp sport 547 accept
      add rule inet lxctl fwd.br0 meta nfproto ipv6 iifname "br0" oifname "br0" accept
      add rule inet lxctl fwd.br0 meta nfproto ipv6 iifname "br0" drop
      add rule inet lxctl fwd.br0 meta nfproto ipv6 oifname "br0" drop
      add rule inet lxctl pstrt.br0 ip6 saddr fd42::/64 ip6 daddr != fd42::/64 masquerade
      "
    `);
    expect(batch).not.toMatch(/flush (table|ruleset)/);
  });

  it('has no rules when none are wanted', () => {
    expect(rulesBatch('br0', rules)).not.toContain('add rule');
    expect(removalBatch('br0')).toContain('delete chain inet lxctl pstrt.br0');
  });
});

describe('NftFirewall', () => {
  it('says so when nft is missing', async () => {
    await expect(new NftFirewall('/nonexistent/nft').apply('br0', rules)).rejects.toThrow('install the Debian package nftables');
  });

  it('says so when nft crashes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lxctl-nft-'));
    const program = join(directory, 'nft');
    writeFileSync(program, '#!/bin/sh\nkill -SEGV $$\n', { mode: 0o755 });
    const asked = new NftFirewall(program).apply('br0', rules);
    await expect(asked).rejects.toMatchObject({ code: 'firewall.failed' });
    await expect(asked).rejects.toThrow(`${program} ended with SIGSEGV`);
    rmSync(directory, { recursive: true });
  });
});
