/* An ALSA plugin that is a sound card: it has one rate and one number of channels, gives a tone of 440 Hz at half of full
   scale as fast as its clock runs, and is gone as soon as its file is.

   pcm.NAME { type card rate HZ channels N plugged "FILE" } */

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct card {
    snd_pcm_ioplug_t io;
    char *plugged;
    struct timespec begun;
    long given;
};

static int card_start(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    struct itimerspec tick = {{0, 10000000}, {0, 10000000}};
    clock_gettime(CLOCK_MONOTONIC, &card->begun);
    return timerfd_settime(io->poll_fd, 0, &tick, NULL);
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    struct itimerspec never = {{0, 0}, {0, 0}};
    return timerfd_settime(io->poll_fd, 0, &never, NULL);
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    struct timespec now;
    double seconds;
    if (access(card->plugged, F_OK) != 0)
        return -ENODEV;
    clock_gettime(CLOCK_MONOTONIC, &now);
    seconds = now.tv_sec - card->begun.tv_sec + 1e-9 * (now.tv_nsec - card->begun.tv_nsec);
    return (snd_pcm_uframes_t)(seconds * io->rate) % io->buffer_size;
}

static snd_pcm_sframes_t card_transfer(
    snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
    struct card *card = io->private_data;
    if (access(card->plugged, F_OK) != 0)
        return -ENODEV;
    for (snd_pcm_uframes_t i = 0; i < size; i++, card->given++) {
        int16_t sample = lrint(16384 * sin(2 * M_PI * 440 * card->given / io->rate));
        for (unsigned channel = 0; channel < io->channels; channel++) {
            const snd_pcm_channel_area_t *area = areas + channel;
            *(int16_t *)((char *)area->addr + (area->first + area->step * (offset + i)) / 8) = sample;
        }
    }
    return size;
}

static int card_poll_revents(
    snd_pcm_ioplug_t *io, struct pollfd *descriptors, unsigned count, unsigned short *revents)
{
    uint64_t ticks;
    *revents = descriptors[0].revents;
    if (*revents & POLLIN && read(io->poll_fd, &ticks, sizeof ticks) < 0)
        return -errno;
    return 0;
}

static int card_close(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    close(io->poll_fd);
    free(card->plugged);
    free(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .transfer = card_transfer,
    .poll_revents = card_poll_revents,
    .close = card_close,
};

SND_PCM_PLUGIN_DEFINE_FUNC(card)
{
    static const unsigned access_types[] = {SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_RW_INTERLEAVED};
    static const unsigned formats[] = {SND_PCM_FORMAT_S16};
    const char *plugged = NULL;
    long rate = 0, channels = 0;
    struct card *card;
    int error;
    snd_config_iterator_t at, next;
    snd_config_for_each(at, next, conf)
    {
        snd_config_t *entry = snd_config_iterator_entry(at);
        const char *key;
        if (snd_config_get_id(entry, &key) < 0)
            continue;
        if (strcmp(key, "rate") == 0)
            snd_config_get_integer(entry, &rate);
        if (strcmp(key, "channels") == 0)
            snd_config_get_integer(entry, &channels);
        if (strcmp(key, "plugged") == 0)
            snd_config_get_string(entry, &plugged);
    }
    if (!plugged || !rate || !channels)
        return -EINVAL;
    if (stream != SND_PCM_STREAM_CAPTURE || access(plugged, F_OK) != 0)
        return -ENODEV;
    card = calloc(1, sizeof *card);
    card->plugged = strdup(plugged);
    card->io.version = SND_PCM_IOPLUG_VERSION;
    card->io.name = "A sound card";
    card->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    card->io.poll_events = POLLIN;
    card->io.callback = &callbacks;
    card->io.private_data = card;
    error = snd_pcm_ioplug_create(&card->io, name, stream, mode);
    if (error < 0) {
        card_close(&card->io);
        return error;
    }
    snd_pcm_ioplug_set_param_list(&card->io, SND_PCM_IOPLUG_HW_ACCESS, 2, access_types);
    snd_pcm_ioplug_set_param_list(&card->io, SND_PCM_IOPLUG_HW_FORMAT, 1, formats);
    snd_pcm_ioplug_set_param_minmax(&card->io, SND_PCM_IOPLUG_HW_CHANNELS, channels, channels);
    snd_pcm_ioplug_set_param_minmax(&card->io, SND_PCM_IOPLUG_HW_RATE, rate, rate);
    snd_pcm_ioplug_set_param_minmax(&card->io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 64, 1 << 18);
    snd_pcm_ioplug_set_param_minmax(&card->io, SND_PCM_IOPLUG_HW_PERIODS, 2, 64);
    *pcmp = card->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_SYMBOL(card);
