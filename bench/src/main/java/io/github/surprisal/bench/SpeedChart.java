package io.github.surprisal.bench;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler;

/** One family as grouped bars, a group per shape, the roofline its last bar; a log axis holds both ends. */
final class SpeedChart {

    // Okabe and Ito's colours, told apart by colour-blind readers too: greys for baselines, ours in blue.
    private static final List<Color> BASELINES = List.of(new Color(0xB8B8B8), new Color(0x7A7A7A), new Color(0x4D4D4D));
    private static final List<Color> VARIANTS = List.of(
            new Color(0x56B4E9), new Color(0x0072B2), new Color(0x009E73), new Color(0xE69F00), new Color(0xCC79A7));
    private static final Color ROOFLINE = new Color(0xF5CBA7);

    private final String title;
    private final String subtitle;
    private final Tables tables;

    SpeedChart(String title, String subtitle, Tables tables) {
        this.title = title;
        this.subtitle = subtitle;
        this.tables = tables;
    }

    void writePng(Path file) throws IOException {
        BitmapEncoder.saveBitmapWithDPI(chart(), file.toString(), BitmapEncoder.BitmapFormat.PNG, 144);
    }

    private CategoryChart chart() {
        var shapes = tables.shapes();
        var chart = new CategoryChartBuilder().width(1100).height(560)
                .title(title + ", single thread (" + subtitle + ")")
                .xAxisTitle("shape, outermost dimension first").yAxisTitle("Gelem/s, log scale").build();
        style(chart.getStyler());
        // Bars of a log axis start at its minimum, which XChart takes to be 0 unless told.
        double slowest = shapes.stream().flatMap(shape -> tables.labels().stream().flatMap(label -> tables.find(shape, label).stream()))
                .mapToDouble(Measurement::rate).min().orElse(1);
        chart.getStyler().setYAxisMin(slowest / 2);
        var names = shapes.stream().map(shape -> new Shape(shape).toString()).toList();
        int baselines = 0;
        int variants = 0;
        for (String label : tables.labels()) {
            var rates = shapes.stream().map(shape -> tables.find(shape, label).map(Measurement::rate).orElse(null)).toList();
            boolean baseline = shapes.stream().flatMap(shape -> tables.find(shape, label).stream())
                    .anyMatch(m -> m.job().isBaseline());
            var colour = baseline ? BASELINES.get(baselines++ % BASELINES.size()) : VARIANTS.get(variants++ % VARIANTS.size());
            chart.addSeries(label, names, rounded(rates)).setFillColor(colour);
        }
        if (shapes.stream().allMatch(shape -> tables.roofline(shape).isPresent())) {
            var roofline = shapes.stream().map(shape -> tables.roofline(shape).getAsDouble()).toList();
            chart.addSeries("roofline", names, rounded(roofline)).setFillColor(ROOFLINE);
        }
        return chart;
    }

    /** To two or three digits, as the labels show them. A shape that a variant lacks stays null. */
    private static List<Double> rounded(List<Double> rates) {
        var rounded = new ArrayList<Double>();
        for (Double rate : rates) {
            rounded.add(rate == null ? null : new BigDecimal(rate).round(new MathContext(rate < 1 ? 2 : 3)).doubleValue());
        }
        return rounded;
    }

    private static void style(CategoryStyler styler) {
        styler.setYAxisLogarithmic(true);
        styler.setAvailableSpaceFill(0.9);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setLegendBorderColor(Color.WHITE).setChartBackgroundColor(Color.WHITE);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15)).setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        styler.setPlotGridVerticalLinesVisible(false).setPlotGridLinesColor(new Color(0xE4E4E4)).setPlotBorderVisible(false);
        styler.setLabelsVisible(true);
        styler.setLabelsPosition(0.93);
        styler.setLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 10));
    }
}
