// SPDX-License-Identifier: Apache-2.0
// Reference energies for ports that have no meter: what computing, radio and flash cost on common
// parts, as tables of macros. Each row ends with its source; one that says "assumed" is nobody's
// measurement. The simulated devices and the gateway's energy page use the same rows. All of them
// are estimates: two stacks on one chip differ by a factor of 2 to 4, so measure your own board.
#ifndef FRUGAL_ENERGY_H
#define FRUGAL_ENERGY_H

/// X(name, nJ per inference, pJ per multiply-accumulate, source). Fitted to the four MLPerf Tiny
/// networks (0.26 to 12.5 million multiply-accumulates); each of them within 25 %.
#define FR_ENERGY_COMPUTE(X)                                                                 \
    X(tiny, 12000, 75,                                                                       \
      "NUCLEO-U385RG, Cortex-M33 96 MHz: MLPerf Tiny v1.3, closed division, median energy")  \
    X(m4, 60000, 560,                                                                        \
      "NUCLEO-L4R5ZI, Cortex-M4 120 MHz: MLPerf Tiny v1.2, closed division, median energy")  \
    X(esp32, 55000, 415,                                                                     \
      "NUCLEO-H7A3ZI, Cortex-M7 280 MHz: MLPerf Tiny v1.2, closed division, median energy; " \
      "assumed to be near an ESP32-S3, for which there is no row")

/// X(name, nJ per burst of messages, nJ per byte either way, uJ per TLS handshake, uJ per resumed
/// one, source).
#define FR_ENERGY_RADIO(X)                                                                        \
    X(ble, 12000, 230, 200000, 20000,                                                             \
      "nRF52840 at 0 dBm, 3 V: Nordic's online power profiler, 1 Mbit/s, 244-byte PDUs; the "     \
      "12 uJ of a connection event and the handshakes are assumed")                               \
    X(ieee802154, 18000, 1800, 200000, 20000,                                                     \
      "nRF52840 at 0 dBm, 3 V: Nordic's online power profiler, 250 kbit/s, 80 useful bytes of "   \
      "127, 1.1 ms of CSMA listening; the handshakes are assumed")                                \
    X(wifi, 5000000, 600, 200000, 20000,                                                          \
      "ESP32 data sheet, session up: 15 ms awake at 100 mA and 3.3 V an exchange (assumed); the " \
      "handshakes are assumed")

/// X(name, nJ per byte erased, nJ per byte programmed, source).
#define FR_ENERGY_FLASH(X)                                                                   \
    X(ble, 311, 154, "nRF52840: 85 ms a page of 4 KiB, 41 us a word, 5 mA at 3 V (assumed)") \
    X(ieee802154, 311, 154,                                                                  \
      "nRF52840: 85 ms a page of 4 KiB, 41 us a word, 5 mA at 3 V (assumed)")                \
    X(wifi, 725, 206,                                                                        \
      "ESP32 with SPI flash: 45 ms a sector of 4 KiB, 0.8 ms a page of 256 bytes, 20 mA at " \
      "3.3 V (assumed)")

#endif
